import { sql } from 'kysely'
import t from 'tap'
import { createPersona, service, startTestApp } from '../../helpers/app.ts'

/** The contract of the internal routes, as another runner meets it. */

const app = await startTestApp(t)
const { db } = app.database
const { id, email } = await createPersona(app)
const BASE = '/api/v1/internal/personas'

const getDue = (query = '') => app.inject({ url: `${BASE}/due${query}`, headers: service })
const post = (url: string, payload: object | string, headers = {}) =>
  app.inject({ method: 'POST', url: `${BASE}${url}`, headers: { ...service, ...headers }, payload })
const postActions = (payload: object | string, persona = id) =>
  post(
    `/${persona}/actions`,
    payload,
    { 'content-type': 'application/json' }
  )
const postFeedback = (payload: object | string, persona = id) =>
  post(
    `/${persona}/feedback`,
    payload,
    { 'content-type': 'application/json' }
  )

const action = { tickId: 't', toolName: 'todo.create', result: 'ok' }
const rating = { tickId: 't', module: 'todo', rating: 4 }
const many = <T>(n: number, item: (i: number) => T) => Array.from({ length: n }, (_, i) => item(i))

async function countRows (): Promise<number> {
  const { rows: [row] } = await sql<{ n: number }>`
    SELECT ((SELECT count(*) FROM persona_actions) + (SELECT count(*) FROM persona_feedback))::int AS n`
    .execute(db)
  return Number(row?.n)
}

t.afterEach(async () => {
  await db.deleteFrom('persona_actions').execute()
  await db.deleteFrom('persona_feedback').execute()
})

t.test('no internal route answers without the service key', async t => {
  const routes = [['GET', '/due'], ['POST', `/${id}/actions`], ['POST', `/${id}/feedback`]] as const
  const wrong: Record<string, string>[] = [
    {},
    { 'x-service-key': '' },
    { 'x-service-key': 'wrong' },
    { 'x-service-key': `${service['x-service-key']}x` },
    { authorization: `Bearer ${service['x-service-key']}` }
  ]
  for (const [method, url] of routes) {
    for (const headers of wrong) {
      const response = await app.inject({ method, url: BASE + url, headers })
      t.match(
        [response.statusCode, response.json()],
        [401, { code: 'UNAUTHORIZED', message: /SERVICE_KEY/ }],
        `${method} ${url} ${JSON.stringify(headers)}`
      )
    }
  }
})

t.test('who is due comes with the clock that decided it', async t => {
  const response = await getDue()
  t.equal(response.statusCode, 200)
  const { personas, serverTime } = response.json()
  t.equal(new Date(serverTime).toISOString(), serverTime)
  t.match(
    personas,
    [{
      id,
      userId: id,
      email,
      systemPrompt: 'Du bist Mara.',
      moduleMix: { todo: 2, journal: 1 },
      tickCadence: 'daily',
      timeZone: 'Europe/Berlin',
      locale: 'de',
      lastActiveAt: null
    }]
  )
  for (const query of ['?limit=0', '?limit=1001', '?limit=two', '?limit=1.5', '?who=me']) {
    t.match([(await getDue(query)).statusCode, (await getDue(query)).json().message], [
      400,
      /limit|who/
    ], query)
  }
})

t.test('a persona whose actions arrive was active, and is not due again at once', async t => {
  t.equal((await getDue()).json().personas.length, 1)
  t.same((await postActions({ actions: [action] })).json(), { ok: true, written: 1 })
  t.same((await getDue()).json().personas, [])
  const stored = await db.selectFrom('personas').select([
    'last_active_at',
    sql<Date>`now()`.as('now')
  ]).executeTakeFirstOrThrow()
  t.ok(stored.now.getTime() - Number(stored.last_active_at?.getTime()) < 60_000)
  await db.updateTable('personas').set({ last_active_at: sql`now() + interval '1 day'` }).execute()
  await postActions({ actions: [action] })
  const later = await db.selectFrom('personas').select([
    'last_active_at',
    sql<Date>`now()`.as('now')
  ]).executeTakeFirstOrThrow()
  t.ok(
    Number(later.last_active_at?.getTime()) > later.now.getTime(),
    'the time of its last activity never moves back'
  )
  await db.updateTable('personas').set({ last_active_at: null }).execute()
  await postFeedback({ feedback: [rating] })
  t.equal((await getDue()).json().personas.length, 1, 'a rating alone is no activity')
})

t.test('an action is stored under tick, position and tool, with all that was sent', async t => {
  const full = {
    ...action,
    inputHash: 'abc',
    result: 'error',
    errorMessage: 'no such list',
    latencyMs: 12
  }
  t.same(
    (await postActions({ actions: [action, full, { ...action, tickId: 'u', toolName: 'noDot' }] }))
      .json(),
    { ok: true, written: 3 }
  )
  const rows = await db.selectFrom('persona_actions').selectAll().orderBy('ordinal').execute()
  t.match(rows, [
    {
      id: 't-0-todo.create',
      persona_id: id,
      tick_id: 't',
      ordinal: 0,
      module: 'todo',
      input_hash: null,
      result: 'ok',
      error_message: null,
      latency_ms: null
    },
    {
      id: 't-1-todo.create',
      tool_name: 'todo.create',
      input_hash: 'abc',
      result: 'error',
      error_message: 'no such list',
      latency_ms: 12
    },
    { id: 'u-2-noDot', module: 'noDot' }
  ])
})

t.test('500 actions are one batch, 501 are refused by name, none is no batch at all', async t => {
  t.same((await postActions({ actions: many(500, () => action) })).json(), {
    ok: true,
    written: 500
  })
  const response = await postActions({ actions: many(501, i => ({ ...action, tickId: `u${i}` })) })
  t.match([response.statusCode, response.json()], [400, {
    code: 'BAD_REQUEST',
    message: /body\/actions .*500/
  }])
  t.same((await postActions({ actions: [] })).json(), { ok: true, written: 0 })
  t.equal(await countRows(), 500)
})

t.test('a retry of a batch writes nothing, however it was cut short before', async t => {
  const actions = many(5, i => ({ ...action, latencyMs: i }))
  t.equal((await postActions({ actions: actions.slice(0, 3) })).json().written, 3)
  t.same((await postActions({ actions })).json(), { ok: true, written: 2 })
  t.same((await postActions({ actions })).json(), { ok: true, written: 0 })
  t.equal(await countRows(), 5)
})

t.test('a later batch of a tick says where it starts and is never taken for a retry', async t => {
  await postActions({ actions: [action, action] })
  t.same((await postActions({ actions: [action], offset: 2 })).json(), { ok: true, written: 1 })
  t.same((await postActions({ actions: [action], offset: 2 })).json(), { ok: true, written: 0 })
  const rows = await db.selectFrom('persona_actions').select('id').orderBy('ordinal').execute()
  t.same(rows.map(row => row.id), ['t-0-todo.create', 't-1-todo.create', 't-2-todo.create'])
  for (const offset of [-1, 1.5, '2', 1_000_001]) {
    t.match(
      (await postActions({ actions: [action], offset })).json(),
      { code: 'BAD_REQUEST', message: /body\/offset/ },
      `offset ${offset}`
    )
  }
})

t.test('the same id with other content is a conflict, and then nothing of the batch is written', async t => {
  const other = await createPersona(app, { email: 'other@personas.test' })
  await postActions({ actions: [{ ...action, inputHash: 'a', latencyMs: 5 }] })
  const changed = [
    { inputHash: 'b', latencyMs: 5 },
    { latencyMs: 5 },
    { inputHash: 'a' },
    { inputHash: 'a', latencyMs: 6 },
    { inputHash: 'a', latencyMs: 5, result: 'error' },
    { inputHash: 'a', latencyMs: 5, errorMessage: 'x' }
  ]
  for (const change of changed) {
    const response = await postActions({
      actions: [{ ...action, ...change }, { ...action, toolName: 'new.one' }]
    })
    t.match(
      [response.statusCode, response.json()],
      [409, { code: 'ROW_CONFLICT', message: /t-0-todo\.create.*offset/s }],
      JSON.stringify(change)
    )
  }
  t.equal(
    (await postActions({ actions: [{ ...action, inputHash: 'a', latencyMs: 5 }] }, other.id))
      .statusCode,
    409,
    'of another persona'
  )
  t.equal(await countRows(), 1)
})

t.test('two calls whose ids coincide are a conflict and never silently one', async t => {
  await postActions({ actions: [{ tickId: 'a', toolName: '2-b', result: 'ok' }], offset: 1 })
  const response = await postActions({
    actions: [{ tickId: 'a-1', toolName: 'b', result: 'ok' }],
    offset: 2
  })
  t.match([response.statusCode, response.json().message], [409, /a-1-2-b/])
  await postFeedback({ feedback: [{ tickId: 'a', module: 'b-c', rating: 3 }] })
  t.equal(
    (await postFeedback({ feedback: [{ tickId: 'a-b', module: 'c', rating: 3 }] })).statusCode,
    409
  )
})

t.test('an unknown persona is 404, whatever its id looks like', async t => {
  for (
    const unknown of [
      '00000000-0000-4000-8000-000000000000',
      'nobody',
      '1',
      `${id}0`,
      '%00',
      "'; DROP TABLE personas; --".replaceAll(' ', '%20')
    ]
  ) {
    for (
      const response of [
        await postActions({ actions: [action] }, unknown),
        await postFeedback({ feedback: [rating] }, unknown)
      ]
    ) {
      t.match([response.statusCode, response.json().code], [404, 'PERSONA_NOT_FOUND'], unknown)
    }
  }
  t.equal(
    (await postActions({ actions: [action] }, id.toUpperCase())).statusCode,
    200,
    'a uuid in capitals is the same one'
  )
  t.match(
    [
      (await postActions('{}', '%ZZ')).statusCode,
      Object.keys((await postActions('{}', '%ZZ')).json())
    ],
    [400, ['code', 'message']]
  )
})

t.test('a body that is wrong is 400 and says which field is, and nothing is written', async t => {
  const table: [object | string, RegExp][] = [
    ['{"actions": [', /JSON/],
    ['', /empty/],
    ['null', /body must be object/],
    ['[]', /body must be object/],
    [{}, /'actions'/],
    [{ actions: {} }, /body\/actions must be array/],
    [{ actions: [action], extra: 1 }, /body has the unknown field "extra"/],
    [
      { actions: [action, { ...action, input: {} }] },
      /body\/actions\/1 has the unknown field "input"/
    ],
    [{ actions: [{ toolName: 'a', result: 'ok' }] }, /body\/actions\/0 .*'tickId'/],
    [{ actions: [{ ...action, tickId: '' }] }, /body\/actions\/0\/tickId/],
    [{ actions: [{ ...action, tickId: 7 }] }, /body\/actions\/0\/tickId must be string/],
    [{ actions: [{ ...action, toolName: 'x'.repeat(129) }] }, /body\/actions\/0\/toolName/],
    [
      { actions: [{ ...action, result: 'unknown' }] },
      /body\/actions\/0\/result must be one of ok, error/
    ],
    [{ actions: [{ ...action, latencyMs: -1 }] }, /body\/actions\/0\/latencyMs/],
    [{ actions: [{ ...action, latencyMs: 2 ** 31 }] }, /body\/actions\/0\/latencyMs/],
    [
      { actions: [{ ...action, errorMessage: 'x'.repeat(2001) }] },
      /body\/actions\/0\/errorMessage/
    ],
    ['{"__proto__": {"actions": []}}', /body\/__proto__ must not be there/]
  ]
  for (const [payload, message] of table) {
    const response = await postActions(payload)
    t.match(
      [response.statusCode, response.json()],
      [400, { code: 'BAD_REQUEST', message }],
      JSON.stringify(payload).slice(0, 80)
    )
  }
  t.equal(await countRows(), 0)
})

t.test('JSON that nests too deep is 400, at any depth', async t => {
  for (const depth of [65, 1000, 200_000]) {
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
    for (const send of [postActions, postFeedback]) {
      const response = await send(`{"actions": ${nested}}`)
      t.match(
        [response.statusCode, response.json().message],
        [400, /deeper than 64/],
        `${depth} levels`
      )
    }
  }
})

t.test('NUL, control characters and lone surrogates are left out, and the rest is stored', async t => {
  const dirty = 'a\u0000b\ud800c\udc00\u202e\u0007d\ufeff'
  const sent = {
    ...action,
    tickId: `t${dirty}`,
    toolName: `todo.${dirty}`,
    inputHash: dirty,
    errorMessage: dirty
  }
  t.same((await postActions({ actions: [sent] })).json(), { ok: true, written: 1 })
  t.same(
    (await postActions({ actions: [sent] })).json(),
    { ok: true, written: 0 },
    'and a retry is a retry'
  )
  t.same(
    (await postFeedback({ feedback: [{ ...rating, notes: dirty, module: `m${dirty}` }] })).json(),
    { ok: true, written: 1 }
  )
  const { error_message: stored, id: rowId } = await db.selectFrom('persona_actions').selectAll()
    .executeTakeFirstOrThrow()
  t.equal(stored, 'ab\ufffdc\ufffdd')
  t.equal(rowId, 'tab\ufffdc\ufffdd-0-todo.ab\ufffdc\ufffdd')
  t.equal(
    (await postActions({ actions: [{ ...action, tickId: '\u0000' }] })).statusCode,
    400,
    'nothing is left of it'
  )
  t.equal((await postActions(JSON.stringify({ '\u0000': 1, actions: [] }))).statusCode, 400)
})

t.test('a rating is stored once per tick and module', async t => {
  const feedback = [rating, { ...rating, module: 'journal', rating: 1, notes: 'Zäh.' }, {
    ...rating,
    tickId: 'u'
  }]
  t.same((await postFeedback({ feedback })).json(), { ok: true, written: 3 })
  t.same((await postFeedback({ feedback })).json(), { ok: true, written: 0 })
  const rows = await db.selectFrom('persona_feedback').selectAll().orderBy('id').execute()
  t.match(rows, [
    {
      id: 't-journal',
      persona_id: id,
      tick_id: 't',
      module: 'journal',
      rating: 1,
      notes: 'Zäh.',
      evidence: null,
      raw_text: null
    },
    { id: 't-todo', rating: 4, notes: null },
    { id: 'u-todo' }
  ])
})

t.test('another rating or other notes for the same tick and module are a conflict, and nothing is written', async t => {
  await postFeedback({ feedback: [rating] })
  for (const change of [{ rating: 5 }, { notes: 'other' }]) {
    const response = await postFeedback({
      feedback: [{ ...rating, module: 'new' }, { ...rating, ...change }]
    })
    t.match([response.statusCode, response.json()], [409, {
      code: 'ROW_CONFLICT',
      message: /t-todo/
    }], JSON.stringify(change))
    t.notMatch(response.json().message, 'offset', 'advice for actions is not given for ratings')
  }
  t.equal(
    (await postFeedback({
      feedback: [{ ...rating, tickId: 'v' }, { ...rating, tickId: 'v', rating: 1 }]
    })).statusCode,
    409,
    'within one batch'
  )
  t.equal(await countRows(), 1)
})

t.test('a rating is a whole number from 1 to 5 and nothing that looks like one', async t => {
  for (const wrong of [0, 6, -1, 2.5, '5', true, [5], {}]) {
    const response = await postFeedback({
      feedback: [rating, { ...rating, module: 'x', rating: wrong }]
    })
    t.match(
      [response.statusCode, response.json()],
      [400, { code: 'BAD_REQUEST', message: /body\/feedback\/1\/rating/ }],
      JSON.stringify(wrong)
    )
  }
  for (const module of ['__parse2', '__other', '__', '', 'x'.repeat(129)]) {
    t.match(
      (await postFeedback({ feedback: [{ ...rating, module }] })).json(),
      { code: 'BAD_REQUEST', message: /body\/feedback\/0\/module/ },
      `module ${module.slice(0, 10)}`
    )
  }
  t.match(
    (await postFeedback({ feedback: [{ tickId: 't', module: 'a' }] })).json().message,
    /'rating'/
  )
  t.match(
    (await postFeedback({ feedback: [{ ...rating, evidence: [] }] })).json().message,
    /unknown field "evidence"/
  )
  t.match(
    (await postFeedback({ feedback: many(101, i => ({ ...rating, module: `m${i}` })) })).json()
      .message,
    /body\/feedback .*100/
  )
  t.equal(await countRows(), 0)
  t.equal(
    (await postFeedback({ feedback: many(100, i => ({ ...rating, module: `m${i}` })) })).json()
      .written,
    100
  )
})

t.test('ten identical batches at once write each row once', async t => {
  const actions = many(50, i => ({ ...action, latencyMs: i }))
  const feedback = many(20, i => ({ ...rating, module: `m${i}` }))
  const answers = await Promise.all(
    many(10, () => [postActions({ actions }), postFeedback({ feedback })]).flat()
  )
  t.same(new Set(answers.map(answer => answer.statusCode)), new Set([200]))
  t.equal(answers.reduce((sum, answer) => sum + answer.json().written, 0), 70)
  t.equal(await countRows(), 70)
})

t.test('ratings in another order at the same moment do not lock one another out', async t => {
  const feedback = many(50, i => ({ ...rating, module: `m${i}` }))
  const answers = await Promise.all(
    many(20, i => postFeedback({ feedback: i % 2 === 0 ? feedback : feedback.toReversed() }))
  )
  t.same(new Set(answers.map(answer => answer.statusCode)), new Set([200]))
  t.equal(await countRows(), 50)
})

t.test('without SERVICE_KEY on the server the internal routes are closed to everybody', async t => {
  const closed = await startTestApp(t, { env: { SERVICE_KEY: '', ADMIN_KEY: 'a key with spaces' } })
  for (const headers of [service, {}, { 'x-service-key': '' }, { 'x-service-key': 'undefined' }]) {
    const response = await closed.inject({ url: `${BASE}/due`, headers })
    t.match([response.statusCode, response.json()], [401, {
      code: 'UNAUTHORIZED',
      message: /SERVICE_KEY is not set/
    }])
  }
  const runner = await closed.inject({
    url: '/api/v1/admin/runner',
    headers: { authorization: 'bearer a key with spaces' }
  })
  t.equal(runner.statusCode, 200, 'the admin routes have a key of their own')
})
