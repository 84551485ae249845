import { sql } from 'kysely'
import t from 'tap'
import { awaitTick } from '../../../src/runner/runs/tick.ts'
import { admin, createPersona, PERSONA, service, startTestApp } from '../../helpers/app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { startRefusingApp } from '../../helpers/refusing-app.ts'

/** The runner is on, but the model does not answer, and the app lets nobody in. */
const nowhere = `http://127.0.0.1:${await closedPort()}`
const refusing = await startRefusingApp(t)
const app = await startTestApp(t, {
  env: { ANTHROPIC_API_KEY: 'dummy', ANTHROPIC_BASE_URL: nowhere, MCP_URL: `${refusing}/mcp` }
})
const { db } = app.database

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
const send = (method: Method, url = '', payload?: object | string) =>
  app.inject({
    method,
    url: `/api/v1/admin/personas${url}`,
    headers: admin,
    ...(payload !== undefined && { payload })
  })

t.afterEach(async () => {
  await db.deleteFrom('personas').execute()
})

const NOBODY = '00000000-0000-4000-8000-000000000000'

t.test('a persona is created once per email, whatever its capitals, and updated from then on', async t => {
  const created = await send('POST', '', PERSONA)
  t.equal(created.statusCode, 201)
  t.match(created.json(), {
    ...PERSONA,
    timeZone: 'Europe/Berlin',
    locale: 'de',
    paused: false,
    pauseReason: null,
    lastActiveAt: null,
    consecutiveFailures: 0,
    notBefore: null,
    version: 1
  })
  const updated = await send('POST', '', {
    ...PERSONA,
    email: 'MARA@Personas.Test',
    name: 'Mara K.'
  })
  t.equal(updated.statusCode, 200)
  t.match(
    updated.json(),
    {
      id: created.json().id,
      email: 'mara@personas.test',
      name: 'Mara K.',
      createdAt: created.json().createdAt
    }
  )
  t.same((await send('GET', `/${created.json().id}`)).json().persona, updated.json())
})

t.test('an update leaves alone what it leaves out', async t => {
  await send('POST', '', { ...PERSONA, timeZone: 'Asia/Tokyo', locale: 'en-GB', paused: true })
  const { moduleMix: _, ...without } = PERSONA
  t.match(
    (await send('POST', '', without)).json(),
    { moduleMix: PERSONA.moduleMix, timeZone: 'Asia/Tokyo', locale: 'en-GB', paused: true }
  )
})

t.test('the version counts changes of the character and nothing else', async t => {
  const { id } = await createPersona(app)
  const steps: [object, number][] = [
    [{ name: 'Other' }, 1],
    [{ archetype: 'other', tickCadence: 'hourly', timeZone: 'UTC' }, 1],
    [{ systemPrompt: 'You are Mara.' }, 2],
    [{ systemPrompt: 'You are Mara.' }, 2],
    [{ moduleMix: { journal: 1, todo: 2 } }, 2],
    [{ moduleMix: { journal: 1, todo: 3 } }, 3],
    [{ locale: 'en' }, 4],
    [{ systemPrompt: 'x', moduleMix: {}, locale: 'fr' }, 5]
  ]
  for (const [patch, version] of steps) {
    t.equal((await send('PATCH', `/${id}`, patch)).json().version, version, JSON.stringify(patch))
  }
  t.equal(
    (await send('POST', '', { ...PERSONA, systemPrompt: 'x', moduleMix: {}, name: 'Again' })).json()
      .version,
    5
  )
  t.equal((await send('POST', '', PERSONA)).json().version, 6)
})

t.test('a persona that is not valid is refused by the name of the field', async t => {
  const table: [object, RegExp][] = [
    [{ email: 'nobody' }, /body\/email must be a valid email/],
    [{ name: '' }, /body\/name/],
    [{ systemPrompt: 'x'.repeat(20_001) }, /body\/systemPrompt/],
    [{ tickCadence: 'monthly' }, /body\/tickCadence must be one of hourly, daily, weekdays/],
    [{ timeZone: 'Mars/Olympus' }, /body\/timeZone must be a valid time-zone/],
    [{ timeZone: '+02:00' }, /body\/timeZone must be a valid time-zone/],
    [{ locale: 'd_' }, /body\/locale must be a valid locale/],
    [{ moduleMix: { todo: 0 } }, /body\/moduleMix\/todo/],
    [{ moduleMix: { '': 1 } }, /body\/moduleMix/],
    [{ moduleMix: { 'a.b': 1 } }, /body\/moduleMix/],
    [
      { moduleMix: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`m${i}`, 1])) },
      /body\/moduleMix/
    ],
    [{ paused: 'true' }, /body\/paused must be boolean/],
    [{ version: 7 }, /body has the unknown field "version"/]
  ]
  for (const [wrong, message] of table) {
    const response = await send('POST', '', { ...PERSONA, ...wrong })
    t.match(
      [response.statusCode, response.json()],
      [400, { code: 'BAD_REQUEST', message }],
      JSON.stringify(wrong).slice(0, 60)
    )
  }
  const { email: _, ...nameless } = PERSONA
  t.match((await send('POST', '', nameless)).json().message, /'email'/)
  t.equal((await send('GET')).json().total, 0)
})

t.test('a time zone that only one of process and database knows is stored or refused, never a fault', async t => {
  for (
    const timeZone of [
      'AET',
      'CNT',
      'US/Pacific-New',
      'SystemV/AST4',
      'GMT+2',
      'Factory',
      'europe/berlin',
      'Asia/Calcutta'
    ]
  ) {
    const { statusCode, body } = await send('POST', '', { ...PERSONA, timeZone })
    t.ok(
      [200, 201].includes(statusCode) || (statusCode === 400 && body.includes('timeZone')),
      `${timeZone}: ${statusCode}`
    )
  }
})

t.test('personas are listed page by page in order of email, by archetype, cadence and pause', async t => {
  for (const [i, name] of ['e', 'b', 'd', 'a', 'c'].entries()) {
    await createPersona(app, {
      email: `${name}@personas.test`,
      archetype: i < 2 ? 'ceo' : 'student',
      tickCadence: i === 0 ? 'hourly' : 'daily',
      paused: i === 1
    })
  }
  const list = async (query: string) => (await send('GET', query)).json()
  const names = (page: { personas: { email: string }[] }) =>
    page.personas.map(persona => persona.email[0]).join('')

  const first = await list('?limit=2')
  const second = await list(`?limit=2&cursor=${encodeURIComponent(first.nextCursor)}`)
  const third = await list(`?limit=2&cursor=${encodeURIComponent(second.nextCursor)}`)
  t.same([first, second, third].map(names), ['ab', 'cd', 'e'])
  t.same(
    [first.total, second.total, third.total],
    [5, 5, 5],
    'the total does not shrink from page to page'
  )
  t.equal(third.nextCursor, null)
  t.equal((await list('?limit=5')).nextCursor, null, 'a full last page is the last')

  for (
    const [query, expected] of [
      ['?archetype=ceo', 'be'],
      ['?tickCadence=hourly', 'e'],
      ['?paused=true', 'b'],
      ['?paused=false', 'acde'],
      ['?archetype=ceo&paused=true', 'b'],
      ['?archetype=none', '']
    ] as const
  ) {
    const page = await list(query)
    t.same([names(page), page.total], [expected, expected.length], query)
  }
  for (
    const query of ['?limit=0', '?limit=201', '?paused=maybe', '?tickCadence=never', '?page=2']
  ) {
    t.equal((await send('GET', query)).statusCode, 400, query)
  }
})

async function addAction (id: string, key: string, age: string): Promise<void> {
  await db.insertInto('persona_actions').values({
    id: key,
    persona_id: id,
    tick_id: key,
    ordinal: 0,
    tool_name: 'todo.list',
    module: 'todo',
    result: 'ok',
    created_at: sql<Date>`now() - ${age}::interval`
  }).execute()
}

t.test('the list counts the actions of the last seven days of each persona', async t => {
  const { id } = await createPersona(app)
  await createPersona(app, { email: 'idle@personas.test' })
  for (
    const [key, age] of [
      ['a', '1 minute'],
      ['b', '6 days 23 hours'],
      ['c', '7 days 1 minute'],
      ['d', '1 year']
    ] as const
  ) await addAction(id, key, age)
  const { personas } = (await send('GET')).json()
  t.same(
    personas.map((p: { email: string, actions7d: number }) => [p.email, p.actions7d]),
    [['idle@personas.test', 0], ['mara@personas.test', 2]]
  )
})

t.test('a persona shows its latest twenty actions, the newest first', async t => {
  const { id } = await createPersona(app)
  await addAction(id, 'old', '1 hour')
  const actions = Array.from(
    { length: 25 },
    (_, i) => ({ tickId: 'new', toolName: `todo.t${i}`, result: 'ok' })
  )
  await app.inject({
    method: 'POST',
    url: `/api/v1/internal/personas/${id}/actions`,
    headers: service,
    payload: { actions: actions.slice(0, 10) }
  })
  t.match((await send('GET', `/${id}`)).json().latestActions.at(-1), {
    id: 'old',
    number: 1,
    module: 'todo'
  })
  await app.inject({
    method: 'POST',
    url: `/api/v1/internal/personas/${id}/actions`,
    headers: service,
    payload: { actions: actions.slice(10), offset: 10 }
  })
  const { latestActions } = (await send('GET', `/${id}`)).json()
  t.same(
    latestActions.map((a: { number: number }) => a.number),
    Array.from({ length: 20 }, (_, i) => 25 - i)
  )
})

t.test('a persona shows number, mean and latest rating per module; what has no number counts nowhere', async t => {
  const { id } = await createPersona(app)
  const ratings: [string, number | null, string][] = [
    ['todo', 2, '3 days'],
    ['todo', 5, '2 days'],
    ['todo', null, '1 day'],
    ['mood', null, '1 day'],
    ['journal', 3, '1 day'],
    ['__parse', null, '1 hour']
  ]
  for (const [i, [module, rating, age]] of ratings.entries()) {
    await db.insertInto('persona_feedback').values({
      id: `f${i}`,
      persona_id: id,
      tick_id: `t${i}`,
      module,
      rating,
      created_at: sql<Date>`now() - ${age}::interval`
    }).execute()
  }
  const { modules } = (await send('GET', `/${id}`)).json()
  t.match(modules, [
    { module: 'journal', n: 1, mean: 3, latest: 3 },
    { module: 'mood', n: 0, mean: null, latest: null },
    { module: 'todo', n: 2, mean: 3.5, latest: 5 }
  ])
  t.equal(modules.length, 3, 'what could not be read is no module')
})

t.test('a patch changes what it names, and never takes the email of another', async t => {
  const { id } = await createPersona(app)
  await createPersona(app, { email: 'taken@personas.test' })
  t.match(
    (await send('PATCH', `/${id}`, { email: 'New@personas.test', tickCadence: 'hourly' })).json(),
    { email: 'new@personas.test', tickCadence: 'hourly', name: 'Mara' }
  )
  t.equal(
    (await send('PATCH', `/${id}`, { email: 'NEW@personas.test' })).statusCode,
    200,
    'its own email is not taken'
  )
  const taken = await send('PATCH', `/${id}`, { email: 'TAKEN@personas.test', name: 'X' })
  t.match([taken.statusCode, taken.json()], [409, {
    code: 'EMAIL_TAKEN',
    message: /taken@personas\.test/i
  }])
  t.match((await send('GET', `/${id}`)).json().persona, {
    email: 'new@personas.test',
    name: 'Mara'
  })
  for (
    const [patch, message] of [
      [{}, /fewer than 1/],
      [{ id: NOBODY }, /unknown field "id"/],
      [{ paused: true }, /unknown field "paused"/],
      [{ name: 5 }, /body\/name/]
    ] as const
  ) {
    const response = await send('PATCH', `/${id}`, patch)
    t.match([response.statusCode, response.json().message], [400, message], JSON.stringify(patch))
  }
})

t.test("deleting a persona deletes all its rows and nobody else's", async t => {
  const tables = ['personas', 'runs', 'messages', 'persona_actions', 'persona_feedback'] as const
  const count = async () =>
    Promise.all(
      tables.map(async table =>
        Number(
          (await db.selectFrom(table).select(eb => eb.fn.countAll<string>().as('n'))
            .executeTakeFirstOrThrow()).n
        )
      )
    )
  const ids: string[] = []
  for (const name of ['a', 'b']) {
    const { id } = await createPersona(app, { email: `${name}@personas.test` })
    ids.push(id)
    await db.insertInto('runs').values({
      id: name,
      persona_id: id,
      persona_version: 1,
      state: 'completed',
      finished_at: sql<Date>`now()`
    }).execute()
    await db.insertInto('messages').values({
      run_id: name,
      seq: 0,
      phase: 'acting',
      role: 'user',
      content: '[]'
    }).execute()
    await addAction(id, name, '1 hour')
    await db.insertInto('persona_feedback').values({
      id: name,
      persona_id: id,
      tick_id: name,
      module: 'todo',
      rating: 1
    }).execute()
  }
  t.same(await count(), [2, 2, 2, 2, 2])
  const response = await send('DELETE', `/${ids[0]}`)
  t.same([response.statusCode, response.body], [204, ''])
  t.same(await count(), [1, 1, 1, 1, 1])
  t.equal((await send('DELETE', `/${ids[0]}`)).statusCode, 404)
  t.equal((await send('GET', `/${ids[1]}`)).statusCode, 200)
  const { rows: left } = await sql<{ table: string }>`
    SELECT a.attrelid::regclass::text AS table FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
    WHERE a.attname IN ('persona_id', 'run_id') AND c.relnamespace = 'public'::regnamespace AND NOT EXISTS (
      SELECT FROM pg_constraint f
      WHERE f.conrelid = a.attrelid AND a.attnum = ANY (f.conkey) AND f.contype = 'f' AND f.confdeltype = 'c')
  `.execute(db)
  t.same(left, [], 'and no table is left out, those to come included')
})

t.test('an operator pauses a persona with or without a reason, and resuming ends its back-off', async t => {
  const { id } = await createPersona(app)
  t.match((await send('POST', `/${id}/pause`)).json(), { paused: true, pauseReason: null })
  t.match((await send('POST', `/${id}/pause`, { reason: 'on holiday' })).json(), {
    paused: true,
    pauseReason: 'on holiday'
  })
  for (
    const [payload, message] of [
      [{ reason: 5 }, /body\/reason/],
      [{ why: 'x' }, /unknown field "why"/],
      [{ reason: 'x'.repeat(501) }, /body\/reason/]
    ] as const
  ) {
    const response = await send('POST', `/${id}/pause`, payload)
    t.match([response.statusCode, response.json().message], [400, message])
  }
  await db.updateTable('personas').set({
    consecutive_failures: 3,
    not_before: sql`now() + interval '1 hour'`
  }).execute()
  t.match((await send('GET', `/${id}`)).json().persona, { paused: true, consecutiveFailures: 3 })
  t.match(
    (await send('POST', `/${id}/resume`)).json(),
    { paused: false, pauseReason: null, consecutiveFailures: 0, notBefore: null }
  )
  t.match((await send('POST', `/${id}/resume`)).json(), { paused: false }, 'twice does no harm')
})

t.test('a persona that is not there is 404 on every route', async t => {
  const routes: [Method, string, object?][] = [
    ['GET', ''],
    ['PATCH', '', { name: 'x' }],
    ['DELETE', ''],
    ['POST', '/pause'],
    ['POST', '/resume'],
    ['POST', '/run']
  ]
  for (const [method, path, payload] of routes) {
    for (const id of [NOBODY, 'mara', '%00']) {
      const response = await send(method, `/${id}${path}`, payload)
      t.match(
        [response.statusCode, response.json().code],
        [404, 'PERSONA_NOT_FOUND'],
        `${method} ${id}${path}`
      )
    }
  }
})

t.test('a run asked for is accepted at once; where the app lets nobody in it fails with its code and the persona backs off', async t => {
  const { id, email } = await createPersona(app, { paused: true })
  const response = await send('POST', `/${id}/run`)
  t.equal(response.statusCode, 202)
  const { tickId } = response.json()
  const { failed } = await awaitTick(db, {
    id: null,
    paused: false,
    heldUpBy: null,
    opened: [{ runId: tickId, personaId: id, email }]
  })
  t.match(failed, [{ persona: email, error: /^MCP_UNREACHABLE: / }])
  const { persona } = (await send('GET', `/${id}`)).json()
  t.match(persona, { consecutiveFailures: 1, paused: true, lastActiveAt: null })
  const { rows: [wait] } = await sql<{ minutes: number }>`
    SELECT (extract(epoch FROM not_before - now()) / 60)::float8 AS minutes FROM personas`.execute(
    db
  )
  t.ok(
    Number(wait?.minutes) > 3 && Number(wait?.minutes) <= 5,
    'five minutes, less up to a quarter'
  )
})

t.test('a persona has one open run at most, whoever asks', async t => {
  const { id } = await createPersona(app)
  // Not in the queue, so that nobody takes it.
  await db.insertInto('runs').values({ persona_id: id, persona_version: 1 }).execute()
  const refused = await send('POST', `/${id}/run`)
  t.match([refused.statusCode, refused.json()], [409, {
    code: 'RUN_OPEN',
    message: new RegExp(id)
  }])
  await db.updateTable('runs').set({ state: 'completed', finished_at: sql`now()` }).execute()

  const answers = await Promise.all(Array.from({ length: 5 }, () => send('POST', `/${id}/run`)))
  const opened = answers.filter(answer => answer.statusCode === 202).map(answer =>
    answer.json().tickId
  )
  t.ok(opened.length > 0)
  t.ok(answers.every(answer => answer.statusCode === 202 || answer.statusCode === 409))
  await awaitTick(db, {
    id: null,
    paused: false,
    heldUpBy: null,
    opened: opened.map(runId => ({ runId, personaId: id, email: '' }))
  })
  // A run that failed at once leaves room for the next; two open ones at the same time the table
  // itself refuses.
  const open = () => db.insertInto('runs').values({ persona_id: id, persona_version: 1 }).execute()
  await open()
  await t.rejects(open(), { code: '23505' })
  await db.updateTable('runs').set({ state: 'completed', finished_at: sql`now()` }).execute()
})

t.test('without the keys a run is refused with the names of what is missing', async t => {
  const off = await startTestApp(t, { env: { SERVICE_KEY: '' } })
  const { id } = await createPersona(off)
  const response = await off.inject({
    method: 'POST',
    url: `/api/v1/admin/personas/${id}/run`,
    headers: admin
  })
  t.match([response.statusCode, response.json()], [503, {
    code: 'RUNNER_OFF',
    message: /SERVICE_KEY and ANTHROPIC_API_KEY/
  }])
  t.equal((await off.database.db.selectFrom('runs').selectAll().execute()).length, 0)
})
