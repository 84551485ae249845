import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { openTestDatabase } from '../../helpers/database.ts'

/**
 * Three processes on one database: one that works, one without keys, one that its environment
 * pauses.
 */
const database = await openTestDatabase(t)
const { db } = database
const nowhere = `http://127.0.0.1:${await closedPort()}`
const keys = { ANTHROPIC_API_KEY: 'dummy', ANTHROPIC_BASE_URL: nowhere, MCP_URL: `${nowhere}/mcp` }
const on = await startTestApp(t, {
  database,
  env: {
    ...keys,
    PERSONA_CONCURRENCY: '3',
    ANTHROPIC_MODEL: 'some-model',
    TICK_SCHEDULE: '0 4 1 1 *'
  }
})
const off = await startTestApp(t, { database })
const held = await startTestApp(t, { database, env: { ...keys, RUNNER_PAUSED: 'true' } })

const URL = '/api/v1/admin/runner'
const state = async (app: FastifyInstance) =>
  (await app.inject({ url: URL, headers: admin })).json()
const set = (app: FastifyInstance, payload: object) =>
  app.inject({ method: 'POST', url: URL, headers: admin, payload })
const tick = async (app: FastifyInstance) =>
  (await app.inject({ method: 'POST', url: '/diag/tick' })).json()

t.afterEach(async () => {
  await set(on, { paused: false })
})

t.test('the runner says whether it is on, and what it was set to', async t => {
  t.match(await state(on), {
    state: 'on',
    missing: [],
    pausedByEnvironment: false,
    pauseReason: null,
    schedule: '0 4 1 1 *',
    concurrency: 3,
    model: 'some-model',
    lastPokeAt: null,
    open: { queued: 0, acting: 0, reflecting: 0, deferred: 0 },
    breakers: [],
    budget: null
  })
  t.match(await state(off), { state: 'off', missing: ['ANTHROPIC_API_KEY'] })
  t.match(await state(held), {
    state: 'paused',
    missing: [],
    pausedByEnvironment: true,
    pauseReason: null
  })
})

t.test('each process sees all of them, and who takes runs', async t => {
  const { replicas } = await state(off)
  t.equal(replicas.length, 3)
  t.strictSame(replicas.map((replica: { working: boolean }) => replica.working), [
    true,
    false,
    true
  ])
  for (const replica of replicas) {
    t.match(replica, { alive: true, pid: process.pid, version: /^\d+\.\d+\.\d+$/ })
  }
  const fourth = await startTestApp(t, { database: { ...database, close: async () => {} } })
  t.equal((await state(on)).replicas.length, 4)
  await fourth.close()
  t.equal((await state(on)).replicas.length, 3, 'one that ends as it should signs off')
})

t.test('a pause reaches every process and holds until somebody resumes', async t => {
  await createPersona(on)
  const before = await state(on)
  const paused = await set(off, { paused: true, reason: 'release day' })
  t.match([paused.statusCode, paused.json()], [200, { state: 'off', pauseReason: 'release day' }])
  t.match(await state(on), {
    state: 'paused',
    pauseReason: 'release day',
    pausedByEnvironment: false
  })
  t.ok((await state(on)).changedAt > before.changedAt)
  t.match(await tick(on), { due: 0, ranSuccessfully: 0, failed: [] }, 'although somebody is due')
  t.equal((await db.selectFrom('runs').selectAll().execute()).length, 0)

  const resumed = await set(on, { paused: false })
  t.match([resumed.statusCode, resumed.json()], [200, { state: 'on', pauseReason: null }])
  t.match(await tick(on), { due: 1 })
  t.type((await state(on)).lastPokeAt, 'string')
})

t.test('a process paused by its environment cannot be resumed from outside, the others can', async t => {
  const response = await set(held, { paused: false })
  t.match([response.statusCode, response.json()], [409, {
    code: 'PAUSED_BY_ENVIRONMENT',
    message: /RUNNER_PAUSED/
  }])
  await createPersona(on, { email: 'due@personas.test' })
  t.match(await tick(held), { due: 0, ranSuccessfully: 0, failed: [] })
  t.equal((await set(held, { paused: true })).statusCode, 200, 'pausing all is allowed from there')
  t.equal((await state(on)).state, 'paused')
})

t.test('open runs are counted by state, over all processes', async t => {
  for (
    const [i, state] of (['queued', 'queued', 'acting', 'reflecting', 'completed'] as const)
      .entries()
  ) {
    const { id } = await createPersona(on, { email: `${i}@personas.test` })
    await db.insertInto('runs').values({
      persona_id: id,
      persona_version: 1,
      state,
      finished_at: state === 'completed' ? new Date() : null
    }).execute()
  }
  for (const app of [on, off, held]) {
    t.same((await state(app)).open, { queued: 2, acting: 1, reflecting: 1, deferred: 1 })
  }
})

t.test('a wrong order to the runner is refused by the name of the field', async t => {
  const table: [object, RegExp][] = [
    [{}, /'paused'/],
    [{ paused: 'true' }, /body\/paused must be boolean/],
    [{ paused: true, reason: 1 }, /body\/reason/],
    [{ paused: true, until: 'noon' }, /unknown field "until"/]
  ]
  for (const [payload, message] of table) {
    const response = await set(on, payload)
    t.match([response.statusCode, response.json()], [400, { code: 'BAD_REQUEST', message }])
  }
  t.equal((await state(on)).state, 'on')
})
