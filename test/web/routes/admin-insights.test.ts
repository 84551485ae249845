import t from 'tap'
import type { ModulesAnswer } from '../../../src/analysis/insights/modules.ts'
import type { ProblemsAnswer } from '../../../src/analysis/insights/problems.ts'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'
import { insightRows } from '../../helpers/insight-rows.ts'

/** The runner is off: what it would have written is written here. */
const app = await startTestApp(t)
const { db } = app.database
const { run, visit, rating, action } = insightRows(db)
const mara = await createPersona(app)
const ben = await createPersona(app, {
  email: 'ben@personas.test',
  name: 'Ben',
  archetype: 'manager'
})

const get = (url: string) => app.inject({ url: `/api/v1/admin/insights/${url}`, headers: admin })
const ask = async (url: string) => {
  const response = await get(url)
  if (response.statusCode !== 200) throw new Error(response.body)
  return response.json()
}
const modules = (query = ''): Promise<ModulesAnswer> => ask(`modules${query}`)
const problems = (query = ''): Promise<ProblemsAnswer> => ask(`problems${query}`)
const only = async (query = '') => {
  const { groups } = await modules(query)
  t.equal(groups.length, 1, 'one group')
  return groups[0]?.modules ?? []
}
const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 60 * 60 * 1000)

t.afterEach(async () => {
  for (const table of ['runs', 'persona_actions', 'persona_feedback', 'known_tools'] as const) {
    await db.deleteFrom(table).execute()
  }
})

t.test('an empty database answers empty lists and no number that is none', async t => {
  const nothing = { models: [], promptVersions: [], appVersions: [], personaVersions: 0 }
  t.match(await modules(), { mixed: nothing, unreadable: 0, groups: [] })
  t.match(await problems(), { total: 0, problems: [] })
  t.match(await ask('gaps'), { total: 0, gaps: [] })
  t.match(await ask('cast'), {
    mixed: nothing,
    coverage: { knownTools: 0, knownModules: 0, unusedTools: [], unusedModules: [] },
    groups: []
  })
  const { range } = await modules()
  t.equal(
    Date.parse(range.to) - Date.parse(range.from),
    30 * 24 * 60 * 60 * 1000,
    'of the last 30 days'
  )
})

t.test('only grounded numbers count; all others are counted where they belong', async t => {
  for (const [i, value] of [4, 5, 3].entries()) {
    await run(`r${i}`, i < 2 ? mara.id : ben.id)
    await rating(`r${i}`, 'todo', value)
  }
  for (
    const [id, value, columns] of [
      ['ungrounded', 1, { grounded: false, ungrounded_reason: 'no_citation' }],
      ['ungrounded-mute', null, { grounded: false, ungrounded_reason: 'no_citation' }],
      ['mute', null, {}],
      ['unchecked', 1, { grounded: null }]
    ] as const
  ) {
    await run(id, mara.id)
    await rating(id, 'todo', value, columns)
  }
  await run('unreadable', mara.id)
  await rating('unreadable', '__parse', null, { grounded: null, raw_text: '{' })
  const [todo, ...others] = await only()
  t.same(others, [], '__parse is no module')
  t.match(todo, {
    module: 'todo',
    n: 3,
    mean: 4,
    interval: null,
    ratings: { counted: 3, ungrounded: 2, cannotSay: 1, unchecked: 1, personas: 2 }
  })
  t.equal((await modules()).unreadable, 1)
  t.equal(
    (await modules('?module=journal')).unreadable,
    1,
    'they are of no module, so no filter hides them'
  )
})

t.test('a tool by which three personas were refused for their arguments is a finding of its own, and no error of the app', async t => {
  const eva = await createPersona(app, { email: 'eva@personas.test', name: 'Eva' })
  const refused = {
    result: 'error',
    blame: 'persona',
    blame_rule: 'arguments_refused',
    error_message: 'phone is required'
  } as const
  for (const [i, persona] of [mara, mara, ben].entries()) {
    await run(`c${i}`, persona.id)
    await visit(`c${i}`, 'contacts', { persona_errors: 1 })
    await action(`c${i}`, 1, 'contacts.create', refused)
  }
  t.match(
    await only(),
    [{ module: 'contacts', contract: { errors: 0, tools: [] } }],
    'two personas are too few'
  )
  await run('c3', eva.id)
  await visit('c3', 'contacts', { persona_errors: 1, app_errors: 1, calls: 3 })
  await action('c3', 1, 'contacts.create', { ...refused, error_message: 'name is required' })
  await action('c3', 2, 'contacts.list', refused)
  await action('c3', 3, 'contacts.create', { ...refused, blame: 'app' })
  const [contacts] = await only()
  t.match(contacts, {
    contract: {
      errors: 4,
      tools: [{ tool: 'contacts.create', errors: 4, personas: 3, words: 'phone is required' }]
    },
    friction: 0,
    errors: { app: 1, persona: 4 }
  })
  t.equal(contacts?.contract.tools.length, 1)
  t.match(await only('?module=contacts'), [{ contract: { errors: 4 } }])
  t.match(await only(`?personaId=${eva.id}`), [{ contract: { errors: 0 } }])
})

t.test('below three ratings there is no mean and no interval, but the n', async t => {
  for (const id of ['a', 'b']) {
    await run(id, mara.id)
    await rating(id, 'todo', 5)
  }
  t.match(await only(), [{
    n: 2,
    mean: null,
    interval: null,
    friction: null,
    visits: 0,
    latency: { n: 0, p50Ms: null, p95Ms: null }
  }])
})

t.test('friction is weighted by calls, and each error stands where it belongs', async t => {
  await run('a', mara.id)
  await run('b', ben.id)
  await visit('a', 'todo', {
    calls: 9,
    app_errors: 3,
    persona_errors: 2,
    friction: 40,
    walked_away: true,
    say_do_gap: true
  })
  await visit('b', 'todo', {
    calls: 1,
    model_errors: 1,
    account_errors: 4,
    harness_errors: 5,
    friction: 0,
    say_do_gap: false
  })
  t.match(await only(), [{
    friction: 36,
    visits: 2,
    calls: 10,
    errors: { app: 3, persona: 2, model: 1, account: 4, harness: 5 },
    walkAways: 1,
    sayDoGaps: 1
  }])
})

t.test('the worst module comes first, and what has no number last', async t => {
  for (const [i, value] of [2, 2, 2].entries()) {
    await run(`r${i}`, mara.id)
    await rating(`r${i}`, 'bad', value)
    await rating(`r${i}`, 'good', value + 3)
    await visit(`r${i}`, 'rough', { friction: 50 })
    await visit(`r${i}`, 'smooth', { friction: 0 })
    await rating(`r${i}`, 'silent', null)
  }
  t.same((await only()).map(module => module.module), ['bad', 'good', 'rough', 'smooth', 'silent'])
})

t.test('latency is of answered calls, without those that model, account or runner spoilt', async t => {
  await run('r', mara.id)
  await visit('r', 'todo')
  for (let number = 1; number <= 21; number++) {
    await action('r', number, 'todo.list', { latency_ms: number * 10 })
  }
  await action('r', 22, 'todo.list', { latency_ms: 99_999, result: 'error', blame: 'account' })
  await action('r', 23, 'todo.list', { latency_ms: null, result: 'unknown', blame: 'app' })
  t.match(await only(), [{ latency: { n: 21, p50Ms: 110, p95Ms: 200 } }])
})

t.test('the trend goes by day or by week', async t => {
  // A Sunday and the Monday after it.
  const days = [['sun', '2026-03-08T23:59:59Z', 2], ['mon', '2026-03-09T00:00:00Z', 4], [
    'tue',
    '2026-03-10T12:00:00Z',
    5
  ]] as const
  for (const [id, at, value] of days) {
    for (const persona of [mara.id, ben.id, mara.id]) {
      const runId = `${id}-${Math.random()}`
      await run(runId, persona)
      await rating(runId, 'todo', value, { created_at: at })
      await visit(runId, 'todo', { created_at: at, calls: 2, app_errors: 1, friction: 50 })
    }
  }
  const range = '&from=2026-03-01T00:00:00Z&to=2026-03-20T00:00:00Z'
  const point = { n: 3, friction: 50, calls: 6, appErrors: 3 }
  const [byDay] = await only(`?by=day${range}`)
  t.same(byDay?.trend, [
    { ...point, at: '2026-03-08T00:00:00.000Z', mean: 2 },
    { ...point, at: '2026-03-09T00:00:00.000Z', mean: 4 },
    { ...point, at: '2026-03-10T00:00:00.000Z', mean: 5 }
  ])
  const [byWeek] = await only(`?by=week${range}`)
  t.same(byWeek?.trend.map(({ at, n, mean }) => [at, n, mean]), [
    ['2026-03-02T00:00:00.000Z', 3, 2],
    ['2026-03-09T00:00:00.000Z', 6, 4.5]
  ])
  t.same((await modules()).groups, [], 'all of it is before the last 30 days')
})

t.test('models and prompt versions come apart, the latest first, unless they are asked for together', async t => {
  const kinds = [['old', 'opus', 'p1', 30 - 1, 1], ['new', 'opus', 'p2', 2, 3], [
    'other',
    'sonnet',
    'p2',
    1,
    5
  ]] as const
  for (const [id, model, prompts, age, value] of kinds) {
    for (let i = 0; i < 3; i++) {
      await run(`${id}${i}`, mara.id, { model, prompt_version: prompts })
      await rating(`${id}${i}`, 'todo', value, { created_at: daysAgo(age) })
      await action(`${id}${i}`, 1, 'todo.list', { latency_ms: value * 100 })
    }
  }
  const means = async (query = '') =>
    (await modules(query)).groups
      .map(group => [group.models, group.promptVersions, group.modules[0]?.mean])
  t.same(await means(), [[['sonnet'], ['p2'], 5], [['opus'], ['p2'], 3], [['opus'], ['p1'], 1]])
  t.same(await means('?mix=true'), [[['opus', 'sonnet'], ['p1', 'p2'], 3]])
  t.same(
    await means('?model=opus'),
    [[['opus'], ['p2'], 3], [['opus'], ['p1'], 1]],
    'still two versions of the prompts'
  )
  t.same(await means('?model=opus&promptVersion=p1'), [[['opus'], ['p1'], 1]])
  t.match((await modules()).mixed, {
    models: ['opus', 'sonnet'],
    promptVersions: ['p1', 'p2'],
    appVersions: ['1.0'],
    personaVersions: 0
  })
  t.same(
    (await modules()).groups.map(group => group.modules[0]?.latency.p50Ms),
    [500, 300, 100],
    'latencies come apart too'
  )
  t.same((await only('?mix=true'))[0]?.latency, { n: 9, p50Ms: 300, p95Ms: 500 })
})

t.test('an interval has personas as its clusters, from the fifth one on', async t => {
  const cast = [mara.id, ben.id]
  for (const name of ['eva', 'ida', 'olaf']) {
    cast.push((await createPersona(app, { email: `${name}@interval.test`, name })).id)
  }
  const told = [[4, 4, 5, 4], [3, 2, 3], [5, 5], [4, 4, 4, 4, 4], [2, 3]]
  const rate = async (i: number) => {
    for (const [day, value] of (told[i] ?? []).entries()) {
      await run(`i${i}-${day}`, cast[i] ?? '', { persona_version: 2 })
      await rating(`i${i}-${day}`, 'todo', value)
    }
  }
  for (let i = 0; i < 4; i++) await rate(i)
  t.match(await only(), [{ n: 14, interval: null, ratings: { personas: 4 } }])
  await rate(4)
  // By the formula of docs/ratings.md, computed apart; over single ratings it were 3.25 to 4.25.
  const expected = { n: 16, mean: 3.75, interval: { low: 2.71, high: 4.79 } }
  t.match(await only(), [expected])
  await run('old', mara.id, { persona_version: 1 })
  await rating('old', 'todo', 1)
  t.match(await only(), [expected], 'an earlier version of a persona does not count')
})

t.test('of a persona that was changed only the newest version counts, and it is said how much that leaves out', async t => {
  for (
    const [id, persona, version, value] of [
      ['m1', mara.id, 1, 1],
      ['m2', mara.id, 2, 5],
      ['m3', mara.id, 2, 5],
      ['b1', ben.id, 1, 5]
    ] as const
  ) {
    await run(id, persona, { persona_version: version })
    await rating(id, 'todo', value)
    await visit(id, 'todo', { friction: value === 1 ? 100 : 0 })
    for (let number = 1; number <= 3; number++) {
      await action(id, number, 'todo.list', { latency_ms: value === 1 ? 5000 : 50 })
    }
  }
  const answer = await modules()
  t.match(answer, {
    mixed: { personaVersions: 1 },
    groups: [{
      leftOut: { ratings: 1, visits: 1 },
      modules: [{ n: 3, mean: 5, friction: 0, visits: 3, latency: { n: 9, p95Ms: 50 } }]
    }]
  })
  t.match(await modules('?mix=true'), {
    mixed: { personaVersions: 1 },
    groups: [{
      leftOut: { ratings: 0, visits: 0 },
      modules: [{ n: 4, mean: 4, friction: 25, visits: 4 }]
    }]
  })
  t.match(await modules('?personaVersion=1'), {
    groups: [{ leftOut: { ratings: 0 }, modules: [{ n: 2, mean: null }] }]
  })
})

t.test('every filter filters', async t => {
  await run('a', mara.id, { app_version: '1.0' })
  await run('b', ben.id, { app_version: '2.0' })
  for (const id of ['a', 'b']) {
    await visit(id, 'todo')
    await visit(id, 'journal', { created_at: daysAgo(10) })
    await action(id, 1, 'todo.list', { result: 'error', error_message: 'broken', blame: 'app' })
  }
  const visits = async (query: string) =>
    (await modules(query)).groups.flatMap(group => group.modules)
      .reduce((sum, module) => sum + module.visits, 0)
  const found = async (query: string) =>
    (await problems(query)).problems.reduce((sum, problem) => sum + problem.count, 0)
  for (
    const [query, expectedVisits, expectedProblems] of [
      ['', 4, 2],
      ['?archetype=manager', 2, 1],
      ['?archetype=nobody', 0, 0],
      ['?appVersion=2.0', 2, 1],
      ['?model=opus', 4, 2],
      ['?model=haiku', 0, 0],
      ['?promptVersion=p1', 4, 2],
      ['?personaVersion=1', 4, 2],
      ['?personaVersion=2', 0, 0],
      [`?personaId=${ben.id}`, 2, 1],
      ['?module=todo', 2, 2],
      ['?module=journal', 2, 0],
      [`?from=${daysAgo(1).toISOString()}`, 2, 2],
      [`?to=${daysAgo(1).toISOString()}`, 2, 0]
    ] as const
  ) {
    t.equal(await visits(query), expectedVisits, `modules${query}`)
    t.equal(await found(query), expectedProblems, `problems${query}`)
  }
})

t.test('a range that is none, and filters that cannot be, are refused by name', async t => {
  for (
    const [query, field] of [
      ['from=yesterday', 'from'],
      ['from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
      ['to=0001-01-01T00:00:00Z', 'from'],
      ['to=0000-01-01T00:00:00Z', 'to'],
      ['from=1998-12-31T23:59:60Z', 'from'],
      ['personaId=7', 'personaId'],
      [`personaId=urn:uuid:${mara.id}`, 'personaId'],
      ['personaVersion=99999999999', 'personaVersion'],
      ['nonsense=1', 'nonsense']
    ]
  ) {
    for (const name of ['modules', 'problems', 'gaps', 'cast']) {
      const response = await get(`${name}?${query}`)
      const refused = { code: 'BAD_REQUEST', message: new RegExp(field ?? '') }
      t.match([response.statusCode, response.json()], [400, refused], `${name}?${query}`)
    }
  }
})

t.test('problems are errors of one kind, with examples and the feedback that cites them', async t => {
  await run('a', mara.id, { app_version: '1.0' })
  await run('b', ben.id, { app_version: '2.0' })
  const locked = (entry: number, days: number) =>
    ({
      result: 'error',
      blame: 'app',
      error_message: `CAL-500: entry ${entry} is locked`,
      created_at: daysAgo(days)
    }) as const
  await action('a', 1, 'todo.create', locked(17, 3))
  await action('a', 2, 'todo.create', locked(18, 2))
  await action('b', 1, 'todo.create', { ...locked(19, 1), latency_ms: 7 })
  await action('b', 2, 'todo.create', {
    result: 'rejected',
    blame: 'persona',
    error_message: 'title is missing'
  })
  await action('b', 3, 'todo.list', {
    result: 'unknown',
    blame: 'app',
    error_message: null,
    latency_ms: null
  })
  await action('b', 4, 'todo.list')
  await action('b', 5, 'todo.list', {
    result: 'rejected',
    blame: null,
    error_message: 'the day was over'
  })
  const evidence = JSON.stringify([{ action: 2, quote: 'is locked' }, {
    action: 2,
    quote: 'locked'
  }])
  await rating('a', 'todo', 2, { notes: 'Locked!', evidence })
  await rating('b', 'todo', 5, {
    grounded: false,
    evidence: JSON.stringify([{ action: 1, quote: 'invented' }])
  })

  const { total, problems: found } = await problems()
  t.equal(total, 3, 'what ended ok, or was never to be made, is no problem')
  t.match(found[0], {
    type: 'error',
    module: 'todo',
    tool: 'todo.create',
    kind: 'CAL-<n>: entry <n> is locked',
    blame: 'app',
    count: 3,
    personas: 2,
    runs: 2,
    appVersions: ['1.0', '2.0'],
    models: ['opus'],
    promptVersions: ['p1'],
    examples: [
      { runId: 'b', number: 1, errorMessage: 'CAL-500: entry 19 is locked', latencyMs: 7 },
      { runId: 'a', number: 2 },
      { runId: 'a', number: 1 }
    ],
    citations: [{ runId: 'a', number: 2, module: 'todo', rating: 2, notes: 'Locked!' }, {
      quote: /locked/
    }]
  })
  t.equal(found[0]?.citations.length, 2, 'an ungrounded note backs nothing')
  t.ok(Date.parse(found[0]?.firstSeenAt ?? '') < Date.parse(found[0]?.lastSeenAt ?? ''))
  t.same(found.slice(1).map(problem => [problem.tool, problem.kind, problem.blame]).sort(), [
    ['todo.create', 'title is missing', 'persona'],
    ['todo.list', 'no message', 'app']
  ])
  t.match(await problems('?limit=1'), { total: 3, problems: { length: 1 } })
  t.match(await problems('?blame=persona'), { total: 1, problems: [{ kind: 'title is missing' }] })
})

t.test('what other runners sent counts as a problem of nobody known', async t => {
  await run('elsewhere', mara.id)
  await action('elsewhere', 1, 'todo.list', { result: 'error', error_message: 'broken' })
  await db.deleteFrom('runs').execute()
  t.match(await problems(), {
    problems: [{ blame: null, models: [null], appVersions: [null], count: 1 }]
  })
})

t.test('more incidents than one page holds are all counted', async t => {
  await run('r', mara.id)
  await action('r', 1, 'todo.list', { result: 'error', error_message: 'broken 1', blame: 'app' })
  const { rows } = await app.database.executeSql(`
    INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, result, error_message, blame, created_at)
    SELECT 'x' || i, '${mara.id}', 'r', i, 'todo.list', 'todo', 'error', 'broken ' || i, 'app', now() - (i / 100) * interval '1 second'
    FROM generate_series(1, 12000) i RETURNING id`)
  t.equal(rows.length, 12_000)
  const expected = { total: 1, problems: [{ count: 12_001, runs: 1, kind: 'broken <n>' }] }
  t.match(await problems(), expected, 'also where many are of one instant')
})

t.test('a walk-away is a problem of its own, once per run, shown by the call that was too much', async t => {
  await run('a', mara.id, {
    state: 'incomplete',
    end_reason: 'walked_away',
    walked_away_over: [1, 2]
  })
  await action('a', 1, 'todo.list', { result: 'error', error_message: 'broken', blame: 'app' })
  await action('a', 2, 'todo.list', {
    result: 'error',
    error_message: 'broken again',
    blame: 'app'
  })
  await visit('a', 'todo', { walked_away: true })
  await rating('a', 'todo', 1, {
    notes: 'Enough.',
    evidence: JSON.stringify([{ action: 2, quote: 'broken' }])
  })
  const walkAway = (await problems()).problems.find(problem => problem.type === 'walk_away')
  t.match(walkAway, {
    module: 'todo',
    tool: null,
    blame: null,
    count: 1,
    runs: 1,
    examples: [{ runId: 'a', number: 2 }],
    citations: [{ number: 2, notes: 'Enough.', rating: 1 }]
  })
  t.equal(
    (await problems('?blame=app')).problems.some(problem => problem.type === 'walk_away'),
    false,
    "patience is nobody's fault"
  )
})

t.test('say–do gaps are shown with both sides, newest first', async t => {
  await run('old', mara.id)
  await run('new', ben.id)
  await visit('old', 'todo', {
    say_do_gap: true,
    friction: 60,
    calls: 5,
    app_errors: 3,
    created_at: daysAgo(2)
  })
  await rating('old', 'todo', 5, { notes: 'Great.' })
  await visit('new', 'todo', { say_do_gap: true, friction: 0 })
  await visit('new', 'journal', { say_do_gap: false })
  t.match(await ask('gaps'), {
    total: 2,
    gaps: [
      { runId: 'new', personaName: 'Ben', archetype: 'manager', rating: null, friction: 0 },
      {
        runId: 'old',
        personaId: mara.id,
        module: 'todo',
        rating: 5,
        notes: 'Great.',
        friction: 60,
        calls: 5,
        appErrors: 3,
        model: 'opus',
        promptVersion: 'p1',
        appVersion: '1.0'
      }
    ]
  })
  t.match(await ask('gaps?limit=1'), { total: 2, gaps: { length: 1 } })
  t.match(await ask(`gaps?personaId=${mara.id}`), { total: 1, gaps: [{ runId: 'old' }] })
})

t.test('tools and modules that nobody used are listed exactly', async t => {
  await db.insertInto('known_tools').values([
    ...['todo.list', 'todo.create', 'todo.drop', 'mood.log', 'mood.show'].map(name => ({
      tool_name: name,
      module: name.slice(0, 4)
    })),
    {
      tool_name: 'gone.tool',
      module: 'gone',
      first_seen_at: daysAgo(200),
      last_seen_at: daysAgo(100)
    }
  ]).execute()
  await run('r', mara.id)
  await visit('r', 'todo')
  await action('r', 1, 'todo.list')
  await action('r', 2, 'todo.create', { created_at: daysAgo(60) })
  await action('r', 3, 'mood.log', { result: 'rejected', blame: null })
  t.same((await ask('cast')).coverage, {
    knownTools: 5,
    knownModules: 2,
    unusedTools: [
      { tool: 'mood.log', module: 'mood' },
      { tool: 'mood.show', module: 'mood' },
      { tool: 'todo.create', module: 'todo' },
      { tool: 'todo.drop', module: 'todo' }
    ],
    unusedModules: ['mood']
  }, 'within the range, and without what the app no longer has')
  t.same((await ask('cast?module=todo')).coverage.unusedTools.length, 2)
  await db.insertInto('tools_set_aside').values({
    app: 'main',
    tool_name: 'todo.drop',
    reason: 'name_destroys',
    why: 'its name says "drop"'
  }).execute()
  t.match(await ask('cast?module=todo'), {
    coverage: { knownTools: 2, unusedTools: [{ tool: 'todo.create' }] }
  }, 'nor what nobody was shown')
  await db.deleteFrom('tools_set_aside').execute()
  t.same(
    (await ask(`cast?personaId=${ben.id}`)).coverage.unusedModules,
    ['mood', 'todo'],
    'by this persona'
  )
})

t.test('the cast is judged for each model apart, by what each run used and rated', async t => {
  const tools = ['todo.list', 'mood.log', 'note.add', 'chat.send']
  const others = await Promise.all(
    ['c', 'd', 'e', 'f', 'g', 'h'].map(name => createPersona(app, { email: `${name}@x.test` }))
  )
  const personas = [mara.id, ben.id, ...others.map(({ id }) => id)]
  for (const [p, personaId] of personas.entries()) {
    for (let i = 0; i < 5; i++) {
      for (const model of ['opus', 'sonnet']) {
        const id = `${model}-${p}-${i}`
        // With one model there are four habits, with the other one.
        const tool = tools[model === 'opus' ? p % 4 : 0] ?? ''
        await run(id, personaId, { model })
        await visit(
          id,
          tool.split('.')[0] ?? '',
          model === 'sonnet' ? { created_at: daysAgo(1) } : {}
        )
        for (let number = 1; number <= 3; number++) await action(id, number, tool)
        await rating(id, tool.split('.')[0] ?? '', 4)
      }
    }
  }
  const { groups, mixed } = await ask('cast')
  t.same(mixed.models, ['opus', 'sonnet'])
  t.match(groups, [
    {
      models: ['opus'],
      leftOut: 0,
      quality: { toolUse: { ratio: 1, n: 40 }, personas: 8, runs: 40 }
    },
    {
      models: ['sonnet'],
      leftOut: 0,
      quality: { verdict: 'collapsed', toolUse: { ratio: 0, n: 40 } }
    }
  ])
  t.not(groups[0].quality.verdict, 'collapsed')
  t.match((await ask('cast?mix=true')).groups, [{
    models: ['opus', 'sonnet'],
    quality: { runs: 80 }
  }])
})
