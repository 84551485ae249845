import pg from 'pg'
import t from 'tap'
import { actionId } from '../../src/runner/actions/repository.ts'
import { moduleByName } from '../../src/runner/modules/derive.ts'
import { createPersona, service, startTestApp } from '../helpers/app.ts'

/** What must not creep when another runner reports. Nothing here is timed. */

const app = await startTestApp(t)
const { db } = app.database
const { id } = await createPersona(app)

const { query } = pg.Client.prototype
let statements = 0
t.teardown(() => {
  pg.Client.prototype.query = query
})
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
  statements++
  return (query as (...args: unknown[]) => unknown).apply(this, args)
} as typeof query

async function report (actions: object[], persona = id) {
  const before = statements
  const response = await app.inject({
    method: 'POST',
    url: `/api/v1/internal/personas/${persona}/actions`,
    headers: service,
    payload: { actions }
  })
  return { answer: response.json(), statements: statements - before }
}

const TOOLS = [
  'todo.create',
  'noDot',
  '.hidden',
  'ends.',
  '..',
  'a.b.c',
  'mit "\\ , {} NULL',
  'über.morgen'
]
const actions = TOOLS.map((toolName, i) => ({
  tickId: 'a-1',
  toolName,
  result: 'ok',
  ...(i % 2 === 0 && { inputHash: 'null', latencyMs: i })
}))

t.test('a batch is one statement, and so is one for nobody', async t => {
  t.same(await report(actions), { answer: { ok: true, written: TOOLS.length }, statements: 1 })
  t.same(await report([]), { answer: { ok: true, written: 0 }, statements: 1 })
  t.match(await report(actions, '00000000-0000-4000-8000-000000000000'), {
    answer: { code: 'PERSONA_NOT_FOUND' },
    statements: 1
  })
})

t.test('a retry, which is rare, takes a transaction of its own', async t => {
  t.same(await report(actions), { answer: { ok: true, written: 0 }, statements: 5 })
})

t.test('the database makes ids and modules of a batch as this process makes those of its own runs', async t => {
  const rows = await db.selectFrom('persona_actions').select([
    'id',
    'module',
    'input_hash',
    'latency_ms'
  ]).orderBy('ordinal').execute()
  t.same(
    rows,
    TOOLS.map((tool, i) => ({
      id: actionId('a-1', i, tool),
      module: moduleByName(tool),
      input_hash: i % 2 === 0 ? 'null' : null,
      latency_ms: i % 2 === 0 ? i : null
    }))
  )
})
