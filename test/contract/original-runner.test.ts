import t, { type Test } from 'tap'
import { admin, createPersona, PERSONA, SERVICE_KEY, startTestApp } from '../helpers/app.ts'
import { OriginalRunnerClient, type OriginalPersona } from './original-clients.ts'

/**
 * The original runner against a real server, over HTTP: every name and type that it reads and
 * posts.
 */

const app = await startTestApp(t)
const { db } = app.database
const url = await app.listen({ port: 0, host: '127.0.0.1' })
const runner = new OriginalRunnerClient(url, SERVICE_KEY)

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function assertShape (t: Test, persona: OriginalPersona): void {
  const text = ['userId', 'email', 'archetype', 'systemPrompt'] as const
  for (const name of text) t.type(persona[name], 'string', name)
  t.ok(persona.userId !== '' && Object.hasOwn(persona, 'userId'), 'userId')
  t.ok(['daily', 'weekdays', 'hourly'].includes(persona.tickCadence), 'tickCadence')
  t.ok(
    persona.moduleMix !== null && typeof persona.moduleMix === 'object' &&
      !Array.isArray(persona.moduleMix),
    'moduleMix'
  )
  for (const weight of Object.values(persona.moduleMix)) t.type(weight, 'number', 'a weight')
  t.ok(
    persona.lastActiveAt === null ||
      (ISO.test(persona.lastActiveAt) && !Number.isNaN(Date.parse(persona.lastActiveAt))),
    'lastActiveAt'
  )
}

t.afterEach(async () => {
  await db.deleteFrom('personas').execute()
})

t.test('whoever is due has every name and type that the original runner reads', async t => {
  // None of weekdays, who is not due on a Sunday.
  for (const [name, tickCadence] of [['a', 'daily'], ['b', 'daily'], ['c', 'hourly']]) {
    await createPersona(app, { email: `${name}@personas.test`, tickCadence })
  }
  await db.updateTable('personas').set({ last_active_at: '2020-02-29T12:00:00Z' }).where(
    'cadence',
    '=',
    'hourly'
  ).execute()
  const due = await runner.due()
  t.equal(due.length, 3)
  for (const persona of due) assertShape(t, persona)
  t.same(due.map(persona => persona.lastActiveAt), [null, null, '2020-02-29T12:00:00.000Z'])
  const answer = await fetch(`${url}/api/v1/internal/personas/due`, {
    headers: { 'x-service-key': SERVICE_KEY }
  })
  const body = await answer.json() as {
    personas: { id: string, userId: string }[]
    serverTime: string
  }
  t.match(body.serverTime, ISO, 'serverTime stays')
  t.ok(body.personas.every(persona => persona.id === persona.userId), 'id stands beside it')
})

t.test('every cadence comes out under the name it went in by', async t => {
  for (const tickCadence of ['daily', 'weekdays', 'hourly'] as const) {
    t.match(await createPersona(app, { email: `${tickCadence}@personas.test`, tickCadence }), {
      tickCadence
    })
  }
})

t.test('a day of the original runner is stored under the userId that it was given', async t => {
  const { id } = await createPersona(app)
  const [persona] = await runner.due()
  const userId = persona?.userId ?? ''
  t.equal(userId, id)
  const actions = [
    { tickId: 'day-1', toolName: 'todo.create', inputHash: '9a2f00', result: 'ok', latencyMs: 41 },
    {
      tickId: 'day-1',
      toolName: 'notes.search',
      inputHash: '',
      result: 'error',
      errorMessage: '[{"type":"text"}]'
    }
  ] as const
  t.same(await runner.postActions(userId, [...actions]), { ok: true, written: 2 })
  t.same(
    await runner.postActions(userId, [...actions]),
    { ok: true, written: 0 },
    'a retry is a retry'
  )
  const feedback = [
    { tickId: 'day-1', module: 'todo', rating: 4, notes: 'Geht.' },
    { tickId: 'day-1', module: 'notes', rating: 2, notes: undefined }
  ]
  t.same(await runner.postFeedback(userId, feedback), { ok: true, written: 2 })
  const rows = await db.selectFrom('persona_actions').select(['id', 'persona_id']).orderBy(
    'ordinal'
  ).execute()
  t.same(rows, [{ id: 'day-1-0-todo.create', persona_id: id }, {
    id: 'day-1-1-notes.search',
    persona_id: id
  }])
  t.same(await runner.due(), [], 'it was active, so it is not due again at once')
})

t.test('a rating of what could not be read costs no other row, is kept without its number, and is named in the answer', async t => {
  const { id } = await createPersona(app)
  const feedback = [
    { tickId: 'day-1', module: 'todo', rating: 4 },
    { tickId: 'day-1', module: '__parse', rating: 3, notes: 'Claude returned non-JSON: …' }
  ]
  const withoutRating = [{ tickId: 'day-1', module: '__parse' }]
  t.same(await runner.postFeedback(id, feedback), { ok: true, written: 2, withoutRating })
  t.same(
    await runner.postFeedback(id, feedback),
    { ok: true, written: 0, withoutRating },
    'sent again'
  )
  const rows = await db.selectFrom('persona_feedback').select(['module', 'rating', 'notes'])
    .orderBy('module').execute()
  t.same(rows, [{ module: '__parse', rating: null, notes: 'Claude returned non-JSON: …' }, {
    module: 'todo',
    rating: 4,
    notes: null
  }])
  // The original clamps what the model wrote; of no number at all JSON makes null.
  const noNumber = [{ tickId: 'day-2', module: 'todo', rating: NaN }, {
    tickId: 'day-2',
    module: 'notes',
    rating: 5
  }]
  t.same(await runner.postFeedback(id, noNumber), {
    ok: true,
    written: 2,
    withoutRating: [{ tickId: 'day-2', module: 'todo' }]
  })
  t.same(
    await db.selectFrom('persona_feedback').select('rating').where('id', '=', 'day-2-todo')
      .executeTakeFirst(),
    { rating: null }
  )
  await t.rejects(runner.postFeedback(id, [{ tickId: 'day-3', module: '__parse', rating: 9 }]), {
    message: /400.*rating/
  })
  await t.rejects(runner.postFeedback(id, [{ tickId: 'day-3', module: '__other', rating: 3 }]), {
    message: /400.*module/
  })
})

t.test('what is left open or measured finely is no reason to refuse a batch', async t => {
  const { id } = await createPersona(app)
  const open = {
    tickId: 'day-1',
    toolName: 'todo.list',
    result: 'ok',
    inputHash: null,
    errorMessage: null,
    latencyMs: null
  }
  const sent = [open, { ...open, latencyMs: 12.5004 }, { ...open, latencyMs: 0.2 }]
  const post = (actions: object[]) => runner.postActions(id, actions as never)
  t.same(await post(sent), { ok: true, written: 3 })
  t.same(await post(sent), { ok: true, written: 0 }, 'and a retry of it is one')
  const rows = await db.selectFrom('persona_actions').select([
    'input_hash',
    'error_message',
    'latency_ms'
  ]).orderBy('ordinal').execute()
  const nothing = { input_hash: null, error_message: null }
  t.same(rows, [{ ...nothing, latency_ms: null }, { ...nothing, latency_ms: 13 }, {
    ...nothing,
    latency_ms: 0
  }])
  t.same(
    await runner.postFeedback(id, [{
      tickId: 'day-1',
      module: 'todo',
      rating: 1,
      notes: null as never
    }]),
    { ok: true, written: 1 }
  )
  for (
    const wrong of [{ latencyMs: -0.5 }, { latencyMs: '12' }, { latencyMs: 2 ** 31 }, {
      result: null
    }, { toolName: null }]
  ) {
    await t.rejects(post([{ ...open, ...wrong }]), {
      message: new RegExp(`400.*${Object.keys(wrong)[0]}`)
    }, JSON.stringify(wrong))
  }
})

t.test('the former name of the cadence is refused, and the message says the present one', async t => {
  const { tickCadence, ...rest } = PERSONA
  await t.rejects(createPersona(app, { ...rest, cadence: tickCadence }), {
    message: /body has the unknown field \\"cadence\\", which is called \\"tickCadence\\" now/
  })
  const list = await app.inject({ url: '/api/v1/admin/personas?cadence=daily', headers: admin })
  t.match([list.statusCode, list.json().message], [
    400,
    /"cadence", which is called "tickCadence" now/
  ])
  const patch = await app.inject({
    method: 'PATCH',
    url: `/api/v1/admin/personas/${(await createPersona(app)).id}`,
    headers: admin,
    payload: { cadence: 'daily' }
  })
  t.match([patch.statusCode, patch.json().message], [
    400,
    /"cadence", which is called "tickCadence" now/
  ])
})
