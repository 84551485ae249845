import { sql } from 'kysely'
import t from 'tap'
import { createPersona, startTestApp } from '../../helpers/app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { signIn, textOf } from '../../helpers/pages.ts'
import { startWorld } from '../../helpers/world.ts'

const nowhere = `http://127.0.0.1:${await closedPort()}`
const keys = { ANTHROPIC_API_KEY: 'dummy', ANTHROPIC_BASE_URL: nowhere, MCP_URL: `${nowhere}/mcp` }

t.test('an empty overview says exactly what to do next', async t => {
  const database = await openTestDatabase(t)
  const { db } = database
  const app = await startTestApp(t, { database, env: { ...keys, TICK_SCHEDULE: '*/7 4 1 1 *' } })
  const off = await startTestApp(t, { database })
  const read = async (on = app) =>
    textOf((await on.inject({ url: '/', headers: await signIn(on) })).body)

  t.match(await read(), /There is no persona yet.*npm run seed:personas.*create one here/)
  t.match(
    await read(off),
    /The runner is off: ANTHROPIC_API_KEY is not set.*There is no persona yet/
  )

  const { id } = await createPersona(app)
  t.match(
    await read(),
    /Nobody has lived a day yet.*schedule \*\/7 4 1 1 \* ?, next in \d+ (d|h|min)/
  )
  t.match(await read(), /next due now.*Next: Mara is due now/)
  t.match(await read(off), /Nobody has lived a day yet\. Set what is missing first\./)

  await db.updateTable('personas').set({ paused: true }).execute()
  t.match(await read(), /next due –.*All personas are paused.*Next: nobody, all are paused/)
  await db.updateTable('personas').set({ paused: false }).execute()
  await db.updateTable('runner_state').set({ paused: true, pause_reason: 'release <b>day</b>' })
    .execute()
  t.match(
    await read(),
    /The runner is paused: release <b>day<\/b>\. No new day begins.*Resume the runner first/
  )

  await db.insertInto('runs').values({ persona_id: id, persona_version: 1 }).execute()
  t.notMatch(await read(), /There is no persona|Nobody has lived/)
})

t.test('who lives a day now is there with phase, tool and time', async t => {
  const database = await openTestDatabase(t)
  const { db } = database
  const app = await startTestApp(t, { database })
  const session = await signIn(app)
  const persona = async (name: string) =>
    (await createPersona(app, { name, email: `${name}@personas.test` })).id
  const run = async (name: string, state: 'queued' | 'acting' | 'reflecting') => {
    const row = await db.insertInto('runs').values({
      persona_id: await persona(name),
      persona_version: 1,
      state,
      turns: 2,
      started_at: state === 'queued' ? null : sql`now() - interval '75 seconds'`
    }).returning(['id', 'persona_id']).executeTakeFirstOrThrow()
    return row
  }
  const calling = await run('caller', 'acting')
  await run('thinker', 'acting')
  await run('rater', 'reflecting')
  await run('waiter', 'queued')
  const call = { persona_id: calling.persona_id, tick_id: calling.id, module: 'todo' }
  await db.insertInto('persona_actions').values([
    { ...call, id: 'a', ordinal: 0, tool_name: 'todo.list', result: 'ok', finished_at: new Date() },
    {
      ...call,
      id: 'b',
      ordinal: 1,
      tool_name: 'todo.create',
      result: 'started',
      created_at: sql`now() - interval '12 seconds'`
    }
  ]).execute()

  const page = (await app.inject({ url: '/', headers: session })).body
  const text = textOf(page)
  t.match(text, /3 living now.*1 waiting for a worker/)
  t.match(
    text,
    /caller researcher acting todo\.create for 1[2-5] s 2 actions in 2 turns, 1 min 1\d s so far/
  )
  t.match(text, /thinker researcher acting thinking for 1 min/)
  t.match(text, /rater researcher reflecting rates its day/)
  t.match(page, `href="/runs/${calling.id}"`)
  const fragment =
    (await app.inject({ url: '/overview/now', headers: { ...session, 'x-live': '1' } })).body
  t.match(textOf(fragment), /todo\.create/)
  t.notMatch(fragment, /<html|<nav/, 'the live part comes without the page around it')
})

t.test('after a day the modules stand there worst first, and each problem leads to its action', async t => {
  const world = await startWorld(t, { env: { PERSONA_CONCURRENCY: '4' } })
  const { db } = world.app.database
  for (let i = 0; i < 5; i++) {
    await world.persona({
      email: `p${i}@personas.test`,
      name: `Person ${i}`,
      moduleMix: { calendar: 5, todo: 1 }
    })
  }
  await world.tick()
  const session = await signIn(world.app)
  const { body } = await world.app.inject({ url: '/', headers: session })
  const text = textOf(body)

  t.match(text, /Last 24 h: 5 completed/)
  t.notMatch(text, /Last 24 h:[^.]* 0 tokens/)
  const { rows: [calendar] } = await sql<
    { n: number, mean: number }
  >`SELECT count(rating)::int AS n, avg(rating)::float8 AS mean
    FROM persona_feedback WHERE module = 'calendar' AND grounded`.execute(db)
  t.ok(calendar !== undefined && calendar.n >= 3, `calendar was rated ${calendar?.n} times`)
  t.match(
    text,
    new RegExp(`calendar ${calendar?.mean.toFixed(1)} n ${calendar?.n}, \\d\\.\\d–\\d\\.\\d`),
    'a mean never stands without n and interval'
  )
  t.match(body, /<svg class="spark"[^>]*aria-label="friction of calendar by day: [\d.]+ so far"/)
  t.match(text, /You may not claim absolute satisfaction/)

  const href = /href="(\/runs\/[^"]+#action-\d+)"/.exec(body)?.[1] ?? ''
  const [, runId, number] = /^\/runs\/([^#?]+).*#action-(\d+)$/.exec(href) ?? []
  const action = await db.selectFrom('persona_actions').selectAll().where(
    'tick_id',
    '=',
    runId ?? ''
  ).where('ordinal', '=', Number(number) - 1).executeTakeFirst()
  t.not(action?.result, 'ok', 'the link leads to a call that did not end ok')
})
