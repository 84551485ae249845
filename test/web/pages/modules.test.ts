import t from 'tap'
import { createPersona, startTestApp } from '../../helpers/app.ts'
import { intruders, linksOf, MARKUP, signIn } from '../../helpers/browse.ts'
import { insightRows } from '../../helpers/insight-rows.ts'

const app = await startTestApp(t)
const { db } = app.database
const rows = insightRows(db)
const reader = await signIn(app)

t.afterEach(async () => {
  for (
    const table of [
      'runs',
      'persona_actions',
      'persona_feedback',
      'known_tools',
      'releases',
      'personas'
    ] as const
  ) await db.deleteFrom(table).execute()
})

t.test('without any module the page says what to do', async t => {
  t.match((await reader.get('/modules')).body, /No module is known yet/)
  t.equal((await reader.get('/modules/todo')).status, 404)
})

t.test('a module says which tool refused the arguments of three personas, in words of the app that are no markup', async t => {
  const refused = {
    result: 'error',
    blame: 'persona',
    blame_rule: 'arguments_refused',
    error_message: MARKUP
  } as const
  for (const name of ['a', 'b', 'c']) {
    const { id } = await createPersona(app, { email: `${name}@contract.test`, name })
    await rows.run(name, id)
    await rows.visit(name, 'contacts', { persona_errors: 1 })
    await rows.action(name, 1, 'contacts.create', refused)
  }
  const { body } = await reader.get('/modules/contacts')
  t.match(
    body,
    /3 personas were refused by <code>contacts\.create<\/code> for their arguments, 3 times: the tool’s description may not/
  )
  t.same(intruders(body), [])
  const action = await reader.get('/runs/a/actions/1')
  t.match(
    action.body,
    /The app refused the arguments: they were missing, invalid, or not what it expected\. .*arguments_refused/
  )
})

t.test('the heat map shows a mean with n from three ratings on, single ratings below, and never a zero for nothing', async t => {
  const { id } = await createPersona(app)
  for (const [i, rating] of [2, 3, 4].entries()) {
    await rows.run(`r${i}`, id)
    await rows.rating(`r${i}`, 'todo', rating)
    await rows.visit(`r${i}`, 'todo', { friction: 30, calls: 2 })
  }
  await rows.rating('r0', 'notes', 1)
  await rows.rating('r1', 'journal', 5, { grounded: false })
  const { body } = await reader.get('/modules')
  t.match(body, /class="heat-3"><a class="cell" href="[^"]+"><b>3\.0<\/b><\/a> <span class="n">n 3/)
  t.match(
    body,
    /class="heat-1 thin"><a class="cell" href="[^"]+"><b>1<\/b><\/a> <span class="n">n 1/
  )
  t.match(body, /class="heat-none"/, 'an ungrounded rating is in no cell')
  t.match(
    (await reader.get('/modules?show=friction')).body,
    /class="heat-2"><a class="cell" href="[^"]+"><b>30<\/b><\/a> <span class="n">n 3/
  )
})

t.test('a module page: numbers with n, voices with reasons, problems with evidence, tools that nobody used', async t => {
  const { id } = await createPersona(app, { locale: 'de' })
  for (const [i, rating] of [2, 3, 2].entries()) {
    await rows.run(`r${i}`, id)
    await rows.action(`r${i}`, 1, 'todo.create', {
      result: 'error',
      blame: 'app',
      error_message: 'could not save (CAL-500)',
      latency_ms: 20,
      result_text: 'could not save (CAL-500)'
    })
    await rows.rating(`r${i}`, 'todo', rating, {
      notes: `Notiz ${i}`,
      evidence: JSON.stringify([{ action: 1, quote: 'CAL-500' }]) as never
    })
    await rows.visit(`r${i}`, 'todo', { friction: 100, app_errors: 1 })
  }
  await rows.run('u', id)
  await rows.rating('u', 'todo', 5, {
    grounded: false,
    ungrounded_reason: 'no_citation',
    notes: 'toll'
  })
  await db.insertInto('known_tools').values([{ tool_name: 'todo.create', module: 'todo' }, {
    tool_name: 'todo.archive',
    module: 'todo'
  }]).execute()
  await db.insertInto('releases').values({
    version: '2.4.0',
    at: new Date(Date.now() - 1000),
    notes: 'neu'
  }).execute()

  const { status, body } = await reader.get('/modules/todo')
  t.equal(status, 200)
  for (
    const text of [
      '2.3 (n 3',
      'class="release-name',
      '2.4.0',
      'could not save (CAL-500)',
      'it cites no action',
      'lang="de">Notiz 1',
      'Nobody used <code>todo.archive</code>'
    ]
  ) t.ok(body.includes(text), text)
  t.ok(body.indexOf('Notiz 0') < body.indexOf('toll'), 'what is grounded comes first')
  t.match(
    body,
    /<th scope="row">\d{4}-\d{2}-\d{2}<\/th>/,
    'the numbers of the plot are in a table too'
  )
  t.notMatch(body, /style=/, 'nothing inline')
})

t.test('three clicks lead from the overview to the very result behind a complaint', async t => {
  const { id } = await createPersona(app)
  await rows.run('r', id)
  await rows.action('r', 1, 'todo.create', {
    result: 'error',
    blame: 'app',
    error_message: 'CAL-500',
    result_text: 'The calendar said CAL-500'
  })
  await rows.rating('r', 'todo', 1, {
    evidence: JSON.stringify([{ action: 1, quote: 'CAL-500' }]) as never
  })
  await rows.visit('r', 'todo', { friction: 100, app_errors: 1 })
  const overview = await reader.get('/')
  t.ok(linksOf(overview.body).includes('/modules/todo'), 'first click')
  const module = await reader.get('/modules/todo')
  t.ok(linksOf(module.body).includes('/runs/r/actions/1'), 'second click')
  t.match((await reader.get('/runs/r/actions/1')).body, /The calendar said <mark>CAL-500<\/mark>/)
  t.ok(linksOf(module.body).includes('/runs/r#action-1'), 'or through the day, where it unfolds')
})

t.test('numbers under different models are never mixed silently', async t => {
  const { id } = await createPersona(app)
  for (const [i, model] of ['opus', 'opus', 'opus', 'sonnet', 'sonnet', 'sonnet'].entries()) {
    await rows.run(`r${i}`, id, { model })
    await rows.rating(`r${i}`, 'todo', model === 'opus' ? 2 : 4)
  }
  const all = await reader.get('/modules/todo')
  t.match(all.body, /these numbers mix 2 models/)
  const opus = linksOf(all.body).find(link => link.includes('model=opus')) ?? ''
  t.match((await reader.get(opus)).body, /2\.0 \(n 3/)
  t.match(linksOf((await reader.get(opus)).body).filter(link => link.includes('days=7')), [
    /model=opus/
  ], 'the filter survives another one')
})

t.test('voices are paged', async t => {
  const { id } = await createPersona(app)
  for (let i = 0; i < 15; i++) {
    await rows.run(`r${i}`, id)
    await rows.rating(`r${i}`, 'todo', 3, { notes: `Notiz-${i}.` })
  }
  const first = await reader.get('/modules/todo')
  const next = linksOf(first.body).find(link => link.includes('page=2')) ?? ''
  const second = await reader.get(next)
  const notes = [first, second].flatMap(({ body }) =>
    [...body.matchAll(/Notiz-\d+\./g)].map(match => match[0])
  )
  t.equal(new Set(notes).size, 15, 'every voice once')
})

t.test('whatever a persona, a tool or an operator wrote is shown as text', async t => {
  const { id } = await createPersona(app, { name: MARKUP, archetype: MARKUP.slice(0, 90) })
  for (let i = 0; i < 3; i++) {
    await rows.run(`r${i}`, id, {
      model: `${MARKUP}${i}`,
      prompt_version: MARKUP,
      app_version: MARKUP
    })
    await rows.action(`r${i}`, 1, MARKUP, {
      module: MARKUP,
      result: 'error',
      blame: 'app',
      error_message: MARKUP,
      result_text: MARKUP
    })
    await rows.rating(`r${i}`, MARKUP, 1, {
      notes: MARKUP,
      evidence: JSON.stringify([{ action: 1, quote: MARKUP }]) as never,
      grounded: i > 0,
      ungrounded_reason: i > 0 ? null : MARKUP
    })
    await rows.visit(`r${i}`, MARKUP, { friction: 100, walked_away: true })
  }
  await db.insertInto('known_tools').values({ tool_name: `${MARKUP}2`, module: MARKUP }).execute()
  await db.insertInto('releases').values({ version: MARKUP, at: new Date(), notes: MARKUP })
    .execute()
  for (
    const url of [
      '/modules',
      '/modules?show=friction',
      `/modules/${encodeURIComponent(MARKUP)}`,
      `/modules/${encodeURIComponent(MARKUP)}?model=${encodeURIComponent(MARKUP)}`
    ]
  ) {
    const { status, body } = await reader.get(url)
    t.equal(status, 200, url)
    t.same(intruders(body), [], url)
  }
})
