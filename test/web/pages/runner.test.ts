import t from 'tap'
import { plotSpend } from '../../../src/web/dashboard/spend-plot.ts'
import { openBreaker } from '../../../src/runner/runs/breakers.ts'
import { createPersona, startTestApp } from '../../helpers/app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { postForm, signIn, textOf } from '../../helpers/pages.ts'

/** Closing any process closes the database of all: they stay until the end of the file. */
const root = t

const database = await openTestDatabase(t)
const { db } = database
const nowhere = `http://127.0.0.1:${await closedPort()}`
const keys = {
  ANTHROPIC_API_KEY: 'dummy',
  ANTHROPIC_BASE_URL: nowhere,
  MCP_URL: `${nowhere}/mcp?token=secret-in-url`
}
const app = await startTestApp(t, {
  database,
  env: { ...keys, TICK_SCHEDULE: '0 4 1 1 *', QUEUE_LIMIT: '77' }
})
const session = await signIn(app)
const html = async (on = app, headers = session) =>
  (await on.inject({ url: '/runner', headers })).body
const read = async (on = app, headers = session) => textOf(await html(on, headers))

t.test('the runner says what it is set to, and no secret', async t => {
  const text = await read()
  t.match(text, /Runner on .* Waiting in the queue 0 room for 77 .* Next tick in \d+ (d|h)/)
  t.match(text, /Looks for due personas 0 4 1 1 \*/)
  t.match(text, new RegExp(`App ${nowhere}/mcp`))
  t.notMatch(await html(), /secret-in-url|token=|dummy/)
  const off = await startTestApp(root, { database })
  t.match(await read(off, await signIn(off)), /Runner off .*ANTHROPIC_API_KEY is not set/)
})

t.test('pausing with a reason and resuming work without a script', async t => {
  const paused = await postForm(app, '/runner/pause', { reason: ' release <i>day</i> ' }, session)
  t.match([paused.statusCode, paused.headers.location], [303, '/runner'])
  t.match(
    await read(),
    /Runner paused .*Paused since .*: release <i>day<\/i>\. Runs under way go on/
  )
  t.notMatch(await html(), '<i>day')
  await postForm(app, '/runner/resume', {}, session)
  t.match(await read(), /Runner on/)
})

t.test('a process that its environment pauses cannot be resumed from its page', async t => {
  const held = await startTestApp(root, { database, env: { ...keys, RUNNER_PAUSED: 'true' } })
  const inHeld = await signIn(held)
  t.match(await read(held, inHeld), /Runner paused .*RUNNER_PAUSED=true/)
  const response = await postForm(held, '/runner/resume', {}, inHeld)
  t.match([response.statusCode, textOf(response.body)], [
    409,
    /PAUSED_BY_ENVIRONMENT.*Unset it and restart/
  ])
})

t.test('what broke is listed with its reason until the persona has come back, and can be run again', async t => {
  const run = async (
    name: string,
    state: 'failed' | 'abandoned' | 'completed',
    hoursAgo: number
  ) => {
    const at = new Date(Date.now() - hoursAgo * 3_600_000)
    const known = await db.selectFrom('personas').select('id').where('name', '=', name)
      .executeTakeFirst()
    const id = known?.id ??
      (await createPersona(app, { name, email: `${name}@personas.test`, paused: true })).id
    await db.insertInto('runs').values({
      persona_id: id,
      persona_version: 1,
      state,
      attempt: 3,
      queued_at: at,
      finished_at: at,
      error_code: state === 'completed' ? null : 'MCP_UNREACHABLE',
      error_message: state === 'completed' ? null : `broke <b>${name}</b>`
    }).execute()
    return id
  }
  const gone = await run('gone', 'abandoned', 2)
  await run('back', 'failed', 3)
  await run('back', 'completed', 1)
  await run('old', 'failed', 200)
  const text = await read()
  t.match(text, /gone abandoned MCP_UNREACHABLE 3 attempts, 2 h ago broke <b>gone<\/b> Run again/)
  t.match(text, /back failed .* Has come back since/)
  t.notMatch(text, /broke <b>old/, 'of the last 7 days only')
  t.notMatch(await html(), '<b>gone')

  const again = await postForm(app, '/runner/again', { persona: gone }, session)
  t.match([again.statusCode, again.headers.location], [303, /^\/runs\/[\w-]+$/])
  t.equal(
    (await app.inject({ url: String(again.headers.location), headers: session })).statusCode,
    200
  )
  t.match(
    textOf((await postForm(app, '/runner/again', { persona: 'nobody' }, session)).body),
    /PERSONA_NOT_FOUND/
  )
})

t.test('tokens are counted by day, days without a run among them', async t => {
  const { id } = await createPersona(app, { email: 'spender@personas.test', paused: true })
  const at = new Date(Date.now() - 3 * 86_400_000)
  await db.insertInto('runs').values({
    persona_id: id,
    persona_version: 1,
    state: 'completed',
    queued_at: at,
    finished_at: at,
    input_tokens: 1000,
    cache_write_tokens: 200,
    cache_read_tokens: 9000,
    output_tokens: 345
  }).execute()
  const page = await html()
  t.match(textOf(page), new RegExp(`${at.toISOString().slice(0, 10)} 1 1,200 9,000 345`))
  t.equal(page.match(/<tr><th scope="row">\d{4}-\d{2}-\d{2}/g)?.length, 14)
})

t.test('the bars of the plot stand on one another and within it, whatever was spent', async t => {
  for (const most of [0, 1, 9, 10, 11, 4_999, 123_456_789]) {
    const days = Array.from({ length: 14 }, (_, i) => ({
      day: `2026-11-${10 + i}`,
      runs: i,
      input: most * i / 13 / 2,
      cacheRead: most * i / 13 / 2,
      output: 0,
      usd: null
    }))
    const { bars, height, rules, width } = plotSpend(days)
    for (const { x, width: across, fresh, cached } of bars) {
      t.ok(
        Math.abs(cached.y + cached.height - fresh.y) < 0.2 &&
          fresh.y + fresh.height <= height - 23 && cached.y >= 9.9,
        `${most}`
      )
      t.ok(x >= 0 && x + across <= width)
    }
    t.ok((rules.at(-1)?.value ?? 0) >= most)
  }
})

t.test('a service that is out of order, what waits for it, and the money stand on the runner page and the overview', async t => {
  const { id } = await createPersona(app, { email: 'waits@personas.test' })
  await db.insertInto('runs').values({
    persona_id: id,
    persona_version: 1,
    state: 'acting',
    started_at: new Date(),
    deferred_at: new Date(),
    deferred_until: new Date(Date.now() + 60_000),
    deferred_for: 'MODEL_UNAUTHORIZED: the key',
    usd: '0.0042'
  }).execute()
  const outage = { service: 'model', retryAfterMs: 600_000 } as const
  await openBreaker(db, app.services.model, outage, {
    code: 'MODEL_UNAUTHORIZED',
    reason: 'the key <b>is refused</b>'
  })
  t.match(
    await read(),
    /The model is out of order since .* and is asked again in \d+ min.*\d runs? waits?, and none is lost/
  )
  t.match(
    await read(),
    /MODEL_UNAUTHORIZED the key <b>is refused<\/b>.* Spent today \(UTC\) \$0.0042 no budget set/
  )
  t.notMatch(await html(), '<b>is refused')
  const overview = textOf((await app.inject({ url: '/', headers: session })).body)
  t.match(overview, /The model is out of order since .*MODEL_UNAUTHORIZED.*\d runs? waits? for it/)

  const closed = await postForm(app, '/runner/close-breaker', { service: 'model' }, session)
  t.match([closed.statusCode, closed.headers.location], [303, '/runner'])
  t.notMatch(await read(), /model is out of order since/)
  t.equal(
    (await postForm(app, '/runner/close-breaker', { service: 'cloud' }, session)).statusCode,
    400
  )
})

t.test('every process that is there is listed', async t => {
  t.match(await read(), new RegExp(`${process.pid} \\d+\\.\\d+\\.\\d+ takes runs`))
})
