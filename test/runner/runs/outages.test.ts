import { sql } from 'kysely'
import t from 'tap'
import { openBreaker } from '../../../src/runner/runs/breakers.ts'
import { admin } from '../../helpers/app.ts'
import { startWorld, type World } from '../../helpers/world.ts'
import type { Script } from 'scripted-claude/scripted-claude'

/** A model whose key is refused until it is mended. */
function lockedOut (): { script: Script, mend: () => void } {
  let mended = false
  return {
    script: () =>
      mended
        ? { text: 'Heute nichts.' }
        : { error: { status: 401, type: 'authentication_error', message: 'invalid x-api-key' } },
    mend: () => {
      mended = true
    }
  }
}

/** Lets the waits of breakers and of deferred runs pass, by the database's clock. */
async function letWaitsPass ({ app: { database: { db } } }: World): Promise<void> {
  await sql`UPDATE breakers SET open_until = now(), probe_until = NULL`.execute(db)
  await sql`UPDATE runs SET deferred_until = now() WHERE deferred_until IS NOT NULL`.execute(db)
  await sql`UPDATE pgboss.job SET start_after = now() WHERE state = 'created'`.execute(db)
}

const runner = async ({ app }: World) =>
  (await app.inject({ url: '/api/v1/admin/runner', headers: admin })).json()

const personaOf = async ({ app }: World, id: string) =>
  (await app.inject({ url: `/api/v1/admin/personas/${id}`, headers: admin })).json().persona

async function untilFinal (world: World, personaId: string): Promise<any> {
  for (;;) {
    const { run } = await world.runOf(personaId)
    if (run.finishedAt !== null) return run
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

t.test('while the model is out for everybody personas wait, and go on by themselves when it is back', async t => {
  const model = lockedOut()
  const world = await startWorld(t, { script: model.script, env: { PERSONA_CONCURRENCY: '1' } })
  const people = await Promise.all(
    [1, 2, 3].map(n => world.persona({ email: `p${n}@personas.test` }))
  )
  const result = await world.tick()
  t.match(result, { due: 3, ranSuccessfully: 0 })
  for (const { error } of result.failed) t.match(error, /^DEFERRED until 20.*MODEL_UNAUTHORIZED/)

  const asked = world.claude.requests.length
  t.equal(asked, 1, 'one run found out, the others were told')
  for (const { id } of people) {
    const { run } = await world.runOf(id)
    t.match(run, {
      state: 'acting',
      finishedAt: null,
      errorCode: null,
      deferredFor: /ANTHROPIC_API_KEY/
    })
    t.ok(Date.parse(run.deferredUntil) > Date.now() + 20_000)
    t.equal(
      (await personaOf(world, id)).consecutiveFailures,
      0,
      'nothing is held against the persona'
    )
  }
  t.match(await runner(world), {
    open: { acting: 0, deferred: 3 },
    breakers: [{ service: 'model', state: 'open', code: 'MODEL_UNAUTHORIZED', failures: 1 }]
  })
  const ready = await world.app.inject('/ready')
  t.equal(ready.statusCode, 200)
  t.match(ready.json(), {
    ok: true,
    degraded: [/the model is out of order \(MODEL_UNAUTHORIZED\), asked again at 20/]
  })

  people.push(await world.persona({ email: 'late@personas.test' }))
  t.match(await world.tick(), { due: 0 }, 'nobody else is sent after them')

  await letWaitsPass(world)
  await world.app.inject({ method: 'POST', url: '/diag/tick' })
  t.match(
    await runner(world),
    { open: { deferred: 4 } },
    'the next tick sends one more to find out'
  )
  t.ok(world.claude.requests.length <= asked + 2, 'one at a time tries again')
  const { breakers: [breaker] } = await runner(world)
  t.match(breaker, { failures: 2 })
  t.ok(Date.parse(breaker.openUntil) > Date.now() + 50_000, 'and the wait gets longer')

  model.mend()
  await letWaitsPass(world)
  for (const { id } of people) {
    await letWaitsPass(world)
    t.match(await untilFinal(world, id), {
      state: 'completed',
      daySummary: 'Heute nichts.',
      deferredUntil: null
    })
  }
  t.match(await runner(world), { breakers: [], open: { deferred: 0 } })
  t.strictSame((await world.app.inject('/ready')).json().degraded, [])
})

t.test('an operator who mended it need not wait', async t => {
  const model = lockedOut()
  const world = await startWorld(t, { script: model.script })
  await world.persona()
  await world.tick()
  model.mend()
  const closed = await world.app.inject({
    method: 'POST',
    url: '/api/v1/admin/runner/close-breaker',
    headers: admin,
    payload: { service: 'model' }
  })
  t.match([closed.statusCode, closed.json()], [200, { breakers: [] }])
  const { id } = await world.persona({ email: 'next@personas.test' })
  t.match(await world.tick(), { due: 1, ranSuccessfully: 1 })
  t.match((await world.runOf(id)).run, { state: 'completed' })
})

t.test('what is out of order for one persona alone fails that one, and does not keep the others waiting', async t => {
  const world = await startWorld(t, {
    script: request =>
      /Name: Kim|du bist Kim/i.test(JSON.stringify(request.system))
        ? {
          error: {
            status: 500,
            type: 'api_error',
            message: 'this conversation breaks me',
            headers: { 'x-should-retry': 'false' }
          }
        }
        : { text: 'Heute nichts.' }
  })
  const { id } = await world.persona({
    email: 'kim@personas.test',
    name: 'Kim',
    systemPrompt: 'Du bist Kim.'
  })
  t.match((await world.tick()).failed, [{ error: /^DEFERRED .*MODEL_OVERLOADED/ }])
  const healthy = await world.persona({ email: 'healthy@personas.test' })
  await sql`UPDATE breakers SET open_until = now()`.execute(world.app.database.db)
  t.match(
    await world.tick(),
    { due: 1, ranSuccessfully: 1 },
    'somebody else finds out that the model answers'
  )
  t.equal((await world.runOf(healthy.id)).run.state, 'completed')
  t.match(await runner(world), { breakers: [] })
  await letWaitsPass(world)
  t.match(await untilFinal(world, id), { state: 'failed', errorCode: 'MODEL_OVERLOADED' })
  t.match(await runner(world), { breakers: [] }, 'and the model is not taken for broken again')
})

t.test('a run that waited over a release is filed under the one that it was lived on', async t => {
  const model = lockedOut()
  const world = await startWorld(t, { script: model.script })
  const { id } = await world.persona()
  const release = (version: string) =>
    world.app.inject({
      method: 'POST',
      url: '/api/v1/admin/releases',
      headers: admin,
      payload: { version }
    })
  await release('v1')
  const { db } = world.app.database
  await openBreaker(db, world.app.apps.first.breaker, { service: 'app' }, {
    code: 'MCP_UNREACHABLE',
    reason: 'deploying'
  })
  await world.app.inject({
    method: 'POST',
    url: `/api/v1/admin/personas/${id}/run`,
    headers: admin
  })
  for (;;) {
    const { run } = await world.runOf(id)
    if (run.deferredUntil !== null) break
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  await release('v2')
  model.mend()
  await letWaitsPass(world)
  t.match(await untilFinal(world, id), { state: 'completed', appVersion: 'v2' })
})

t.test('a run that waits is cancelled at once, and its persona has had its day', async t => {
  const world = await startWorld(t, { script: lockedOut().script })
  const { id } = await world.persona()
  await world.tick()
  const { run } = await world.runOf(id)
  t.equal(
    (await world.app.inject({
      method: 'POST',
      url: `/api/v1/admin/runs/${run.id}/cancel`,
      headers: admin
    })).statusCode,
    200
  )
  t.match((await world.runOf(id)).run, { state: 'incomplete', endReason: 'cancelled' })
  t.type((await personaOf(world, id)).lastActiveAt, 'string')
})

t.test('a run that waited long enough ends failed, with the code of what it waited for', async t => {
  const world = await startWorld(t, { script: lockedOut().script })
  const { id } = await world.persona()
  await world.tick()
  await sql`UPDATE runs SET deferred_ms = ${6 * 3_600_000}`.execute(world.app.database.db)
  await letWaitsPass(world)
  t.match(await untilFinal(world, id), { state: 'failed', errorCode: 'MODEL_UNAUTHORIZED' })
})

t.test('what it waited does not count against the time limit of a run, and its journal goes on', async t => {
  let refuse = true
  const world = await startWorld(t, {
    env: { RUN_TIMEOUT_MS: '60000' },
    script: (request, { index }) => {
      if (index === 0) {
        return {
          toolCalls: [{
            name: request.tools?.find(tool => tool.name.startsWith('todo_list'))?.name ?? '',
            input: {}
          }]
        }
      }
      return refuse
        ? { error: { status: 403, type: 'permission_error', message: 'no' } }
        : { text: 'Schluss.' }
    }
  })
  const { id } = await world.persona()
  await world.tick()
  await sql`UPDATE runs SET started_at = now() - interval '1 hour', deferred_at = now() - interval '59 minutes 50 seconds'`
    .execute(world.app.database.db)
  refuse = false
  await letWaitsPass(world)
  const run = await untilFinal(world, id)
  t.match(run, { state: 'completed', attempt: 2 })
  const { actions } = await world.runOf(id)
  t.equal(actions.length, 1, 'what it had done is not done again')
})

t.test('three runs in a row that the model refuses pause the persona, with the reason, until somebody resumes it', async t => {
  const world = await startWorld(t, { script: () => ({ text: '', stopReason: 'refusal' }) })
  const { id } = await world.persona()
  const live = async () => {
    await sql`UPDATE personas SET last_active_at = NULL`.execute(world.app.database.db)
    t.match(await world.tick(), { due: 1, ranSuccessfully: 1 })
    return personaOf(world, id)
  }
  t.match(await live(), { paused: false })
  t.match(await live(), { paused: false })
  t.match(await live(), {
    paused: true,
    pauseReason: /^The model refused to go on\. That makes 3 runs in a row/
  })
  await world.app.inject({
    method: 'POST',
    url: `/api/v1/admin/personas/${id}/resume`,
    headers: admin
  })
  t.match(await live(), { paused: false }, 'the count begins anew')
})

t.test('three runs in a row that the app refuses to sign in pause the persona', async t => {
  const world = await startWorld(t)
  const { id, email } = await world.persona()
  world.sampleApp.addAccount({ email, password: 'another password', name: 'X', locale: 'de' })
  for (let n = 1; n <= 3; n++) {
    await sql`UPDATE personas SET not_before = NULL`.execute(world.app.database.db)
    await world.tick()
  }
  const persona = await personaOf(world, id)
  t.match(persona, { paused: true, consecutiveFailures: 3 })
  t.match(persona, {
    pauseReason: /refused the account \(LOGIN_FAILED\)\. That makes 3 runs in a row/
  })
})
