import { sql } from 'kysely'
import t from 'tap'
import { createPersona, startTestApp } from '../../helpers/app.ts'
import { intruders, linksOf, MARKUP, signIn } from '../../helpers/browse.ts'
import { insightRows } from '../../helpers/insight-rows.ts'

const app = await startTestApp(t)
const { db } = app.database
const rows = insightRows(db)
const reader = await signIn(app)
const mara = await createPersona(app, { locale: 'de' })

t.afterEach(async () => {
  for (const table of ['runs', 'persona_actions', 'persona_feedback'] as const) {
    await db.deleteFrom(table).execute()
  }
})

const said = (seq: number, content: object[], phase: 'acting' | 'reflecting' = 'acting') =>
  db.insertInto('messages').values({
    run_id: 'r',
    seq,
    phase,
    role: 'assistant',
    content: JSON.stringify(content),
    stop_reason: 'tool_use'
  }).execute()

t.test('runs are filtered by state and persona, by addresses that survive paging', async t => {
  const ben = await createPersona(app, { email: 'ben@personas.test', name: 'Ben' })
  for (let i = 0; i < 60; i++) {
    await rows.run(`c${i}`, mara.id, {
      queued_at: sql`now() - ${i} * interval '1 minute'` as never
    })
  }
  await rows.run('f', ben.id, {
    state: 'failed',
    error_code: 'LOGIN_FAILED',
    error_message: 'no such account'
  })
  t.match((await reader.get('/runs')).body, /data-live="runs"/)
  const completed = await reader.get(`/runs?state=completed&persona=${mara.id}`)
  t.notMatch(completed.body, /LOGIN_FAILED/)
  const next = linksOf(completed.body).find(link => link.includes('cursor=')) ?? ''
  t.match(next, new RegExp(`state=completed&persona=${mara.id}&cursor=c49`))
  t.equal(
    linksOf((await reader.get(next)).body).filter(link => link.startsWith('/runs/')).length,
    10
  )
  t.match((await reader.get('/runs?state=failed')).body, /LOGIN_FAILED: no such account/)
  t.match((await reader.get('/runs?state=abandoned')).body, /No runs here/)
  t.equal((await reader.get('/runs?state=dead&persona=nobody')).status, 200)
  await db.deleteFrom('personas').where('id', '=', ben.id).execute()
})

t.test('every filter stands in the address, and what is not known is told', async t => {
  const ben = await createPersona(app, {
    email: 'ben@personas.test',
    name: 'Ben 100%',
    archetype: 'carer'
  })
  const at = (day: string) => new Date(`${day}T23:59:00Z`) as never
  await rows.run('one', mara.id, { queued_at: at('2026-03-01'), app_version: '2.5.0' })
  await rows.visit('one', 'notes')
  await rows.rating('one', 'notes', 2)
  await rows.run('two', ben.id, {
    queued_at: at('2026-03-02'),
    state: 'incomplete',
    end_reason: 'walked_away'
  })
  await rows.visit('two', 'todo')
  await rows.rating('two', 'todo', 4)
  await rows.rating('two', 'notes', 1, { grounded: false })
  const found = async (query: string) => {
    const { body } = await reader.get(`/runs?${query}`)
    return linksOf(body).filter(link => link.startsWith('/runs/')).map(link => link.slice(6))
  }
  for (
    const [query, runs] of [
      ['module=notes', ['one']],
      ['archetype=carer', ['two']],
      ['release=2.5.0', ['one']],
      ['reason=walked_away', ['two']],
      ['rating=3', ['one']],
      ['rating=4', ['two', 'one']],
      ['rating=4&module=notes', ['one']],
      ['from=2026-03-02', ['two']],
      ['to=2026-03-01', ['one']],
      ['q=100%25', ['two']],
      ['q=BEN', ['two']],
      ['q=one', ['one']],
      ['q=_', []]
    ] as const
  ) t.same(await found(query), runs, query)
  const { body } = await reader.get('/runs?from=yesterday&to=2026-02-30&rating=9&state=dead')
  for (const words of ['“yesterday”', '“2026-02-30”', '“9”', '“dead”']) t.match(body, words)
  t.same(linksOf(body).filter(link => link.startsWith('/runs/')).length, 2, 'it filters nothing')
  await db.deleteFrom('personas').where('id', '=', ben.id).execute()
})

t.test('a run that waits says what it waits for, and never that it acts', async t => {
  await rows.run('w', mara.id, {
    state: 'acting',
    finished_at: null,
    deferred_until: new Date(),
    deferred_for: 'the app answers 503'
  })
  const { body } = await reader.get('/runs')
  t.match(body, /badge muted">waiting<.*the app answers 503/s)
  t.notMatch(body, />acting<\/span>/)
})

t.test('a run tells its day: words, actions, citations that jump, and why it ended', async t => {
  await rows.run('r', mara.id, {
    state: 'incomplete',
    end_reason: 'walked_away',
    walked_away_over: [2],
    costliest_module: 'todo',
    turns: 3,
    protocol_version: '2026-07-28',
    mcp_era: 'stateless'
  })
  await said(1, [{ type: 'text', text: 'Erst der Überblick.' }, {
    type: 'tool_use',
    id: 'a',
    name: 'todo_list',
    input: { status: 'open' }
  }])
  await said(3, [{ type: 'tool_use', id: 'b', name: 'todo_create', input: { title: 'Milch' } }])
  await said(5, [{ type: 'text', text: '{"ratings":[]}' }], 'reflecting')
  await rows.action('r', 1, 'todo.list', { message_seq: 1, tool_use_id: 'a', result_text: '[]' })
  await rows.action('r', 2, 'todo.create', {
    message_seq: 3,
    tool_use_id: 'b',
    result: 'error',
    blame: 'app',
    error_message: 'CAL-500',
    result_text: 'could not save\n(CAL-500)',
    latency_ms: 42
  })
  await rows.visit('r', 'todo', {
    friction: 50,
    app_errors: 1,
    walked_away: true,
    say_do_gap: true
  })
  await rows.rating('r', 'todo', 4, {
    notes: 'Ging nicht',
    evidence: JSON.stringify([{ action: 2, quote: 'could not SAVE (cal-500)' }]) as never
  })
  await rows.rating('r', 'notes', 5, {
    grounded: false,
    ungrounded_reason: 'invented_quote: "wunderbar"'
  })
  await db.insertInto('persona_feedback').values({
    id: 'r-__parse',
    tick_id: 'r',
    persona_id: mara.id,
    module: '__parse',
    raw_text: '{"oops',
    notes: 'no JSON'
  }).execute()

  const { status, body } = await reader.get('/runs/r')
  t.equal(status, 200)
  for (
    const text of [
      'It lost patience and left.',
      'lang="de">Erst der Überblick.',
      'id="action-2"',
      'fault of the app',
      '42 ms',
      'MCP 2026-07-28, without sessions',
      'Cost it most',
      'Ging nicht',
      'it quotes words the app never said: &quot;wunderbar&quot;',
      'say–do gap',
      'walked away',
      'no JSON',
      '&quot;title&quot;: &quot;Milch&quot;'
    ]
  ) t.ok(body.includes(text), text)
  t.ok(linksOf(body).includes('/runs/r#action-2'), 'the citation jumps to the action')
  t.notMatch(body, /could not save\n/, 'no result is in the page itself')

  const action = await reader.get('/runs/r/actions/2')
  t.match(action.body, /<mark>could not save\n\(CAL-500\)<\/mark>/, 'what was quoted is marked')
  t.match(action.body, /&quot;title&quot;: &quot;Milch&quot;/)
  const fragment = await reader.get('/runs/r/actions/2?fragment=1')
  t.match(fragment.body, /<mark>/)
  t.notMatch(fragment.body, /<html|<main/, 'only the inside')
  for (
    const url of [
      '/runs/r/actions/3',
      '/runs/nothing',
      '/runs/nothing/actions/1',
      '/runs/r/words/99',
      '/runs/%00'
    ]
  ) t.equal((await reader.get(url)).status, 404, url)
})

t.test('an open run is live and can be cancelled, a final one not', async t => {
  await rows.run('r', mara.id, { state: 'acting', finished_at: null })
  const open = await reader.get('/runs/r')
  t.match(open.body, /data-live="run:r"/)
  t.match(open.body, /Cancel this run/)
  const cancelled = await reader.post('/runs/r/cancel')
  t.equal(cancelled.location, '/runs/r?done=cancelled')
  t.match((await reader.get('/runs/r')).body, /Asked to end/)
  await db.updateTable('runs').set({
    state: 'incomplete',
    end_reason: 'cancelled',
    finished_at: new Date()
  }).execute()
  t.notMatch((await reader.get('/runs/r')).body, /id="run[^>]*data-live|Cancel this run/)
  const late = await reader.post('/runs/r/cancel')
  t.match((await reader.get(late.location ?? '')).body, /already ended/)
})

t.test('a day of 10,000 actions stays usable: small pages, and a citation finds its action', async t => {
  await rows.run('r', mara.id)
  const long = 'x'.repeat(60_000)
  await sql`INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, result, error_message, result_text, message_seq, tool_use_id)
    SELECT 'r-' || i, ${mara.id}::uuid, 'r', i, 'todo.create', 'todo', CASE WHEN i % 3 = 0 THEN 'error' ELSE 'ok' END, repeat('e', 3000), CASE WHEN i = 9500 THEN ${long} ELSE 'ok' END, 2 * i + 1, 'tu' || i
    FROM generate_series(0, 9999) i`.execute(db)
  await sql`INSERT INTO messages (run_id, seq, phase, role, content)
    SELECT 'r', 2 * i + 1, 'acting', 'assistant', jsonb_build_array(
      jsonb_build_object('type', 'text', 'text', 'Wort ' || i || ' ' || repeat('w', 4000)),
      jsonb_build_object('type', 'tool_use', 'id', 'tu' || i, 'input', jsonb_build_object('text', repeat('a', 4000))))
    FROM generate_series(0, 9999) i`.execute(db)
  await rows.rating('r', 'todo', 1, {
    evidence: JSON.stringify([{ action: 9501, quote: null }]) as never
  })

  const seen: string[] = []
  for (const page of [1, 2, 48, 50]) {
    const { body } = await reader.get(`/runs/r?page=${page}`)
    t.ok(body.length < 1_000_000, `page ${page} has ${body.length} bytes`)
    const numbers = [...body.matchAll(/id="action-(\d+)"/g)].map(match => match[1] ?? '')
    t.equal(numbers.length, 200)
    t.equal(numbers[0], String((page - 1) * 200 + 1))
    const words = [...body.matchAll(/>Wort (\d+) /g)].map(match => match[1] ?? '')
    t.equal(words.length, 200, 'the words stand with their actions')
    t.equal(words[0], String((page - 1) * 200))
    seen.push(...numbers)
  }
  t.equal(new Set(seen).size, 800)
  const jump =
    linksOf((await reader.get('/runs/r')).body).find(link => link.endsWith('#action-9501')) ?? ''
  t.equal(jump, '/runs/r?page=48#action-9501')
  t.match((await reader.get(jump)).body, /id="action-9501"/)
  t.match(
    (await reader.get('/runs/r?page=999')).body,
    /id="action-10000"/,
    'beyond the end is the end'
  )
  t.match((await reader.get('/runs/r/words/1')).body, /w{4000}/)
})

t.test('actions that another runner posted under the id of a run have no arguments, and still show', async t => {
  await rows.run('r', mara.id)
  await rows.action('r', 1, 'todo.list', {
    message_seq: null,
    tool_use_id: null,
    result_text: null
  })
  t.match((await reader.get('/runs/r')).body, /id="action-1"/)
  t.match((await reader.get('/runs/r/actions/1')).body, /Nothing is stored/)
})

t.test('whatever a persona or a tool wrote is shown as text', async t => {
  await rows.run('r', mara.id, {
    state: 'failed',
    error_code: 'X',
    error_message: MARKUP,
    day_summary: MARKUP,
    end_reason: MARKUP,
    costliest_module: MARKUP,
    model: MARKUP,
    prompt_version: MARKUP,
    app_version: MARKUP
  })
  await said(1, [{ type: 'text', text: MARKUP }, {
    type: 'tool_use',
    id: MARKUP,
    name: 'x',
    input: { [MARKUP]: MARKUP }
  }])
  await said(3, [{ type: 'text', text: MARKUP }], 'reflecting')
  await rows.action('r', 1, MARKUP, {
    module: MARKUP,
    message_seq: 1,
    tool_use_id: MARKUP,
    result: 'error',
    error_message: MARKUP,
    result_text: `{"a": ${JSON.stringify(MARKUP)}}`
  })
  await rows.visit('r', MARKUP, { friction: 5 })
  await rows.rating('r', MARKUP, 1, {
    notes: MARKUP,
    evidence: JSON.stringify([{ action: 1, quote: MARKUP }]) as never,
    compared_to_last_time: MARKUP
  })
  await rows.rating('r', 'b', 1, { grounded: false, ungrounded_reason: MARKUP })
  await db.insertInto('persona_feedback').values({
    id: 'r-__parse',
    tick_id: 'r',
    persona_id: mara.id,
    module: '__parse',
    raw_text: MARKUP,
    notes: MARKUP
  }).execute()
  for (
    const url of [
      '/runs',
      '/runs/r',
      '/runs/r/actions/1',
      '/runs/r/actions/1?fragment=1',
      '/runs/r/words/1',
      `/runs?state=${encodeURIComponent(MARKUP)}`,
      `/runs/${encodeURIComponent(MARKUP.slice(0, 90))}`
    ]
  ) {
    t.same(intruders((await reader.get(url)).body), [], url)
  }
})
