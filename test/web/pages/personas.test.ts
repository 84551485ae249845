import { sql } from 'kysely'
import t from 'tap'
import { ADMIN_KEY, createPersona, startTestApp } from '../../helpers/app.ts'
import { intruders, linksOf, MARKUP, signIn } from '../../helpers/browse.ts'
import { insightRows } from '../../helpers/insight-rows.ts'

/** The runner is off here. */
const VIEWER_KEY = 'viewer-key-for-tests'
const app = await startTestApp(t, { env: { VIEWER_KEY } })
const { db } = app.database
const rows = insightRows(db)
const reader = await signIn(app, ADMIN_KEY)

t.afterEach(async () => {
  await db.deleteFrom('personas').execute()
})

const FORM = {
  name: 'Mara',
  email: 'mara@personas.test',
  archetype: 'researcher',
  systemPrompt: 'Du bist Mara.',
  moduleMix: 'todo 2\njournal',
  tickCadence: 'daily',
  patience: 'low',
  timeZone: 'Europe/Berlin',
  locale: 'de'
}

t.test('the list without anybody says what to do next', async t => {
  const { status, body } = await reader.get('/personas')
  t.equal(status, 200)
  t.match(body, /There is nobody yet/)
  t.match(body, /\/personas\/new/)
})

t.test('filters are addresses, and survive paging', async t => {
  for (let i = 0; i < 60; i++) {
    await createPersona(app, {
      email: `p${String(i).padStart(2, '0')}@personas.test`,
      name: `Person ${i}`,
      archetype: i % 2 === 0 ? 'even' : 'odd'
    })
  }
  await createPersona(app, { email: 'zoe@personas.test', name: 'Zoë 100%', archetype: 'odd' })
  const first = await reader.get('/personas')
  t.match(first.body, /61 personas/)
  const next = linksOf(first.body).find(link => link.includes('cursor='))
  t.match((await reader.get(next ?? '')).body, /Zoë/)
  for (let i = 0; i < 60; i++) {
    await createPersona(app, {
      email: `q${String(i).padStart(2, '0')}@personas.test`,
      name: `Other ${i}`,
      archetype: 'odd'
    })
  }
  const odd = await reader.get('/personas?archetype=odd&tickCadence=daily')
  const more = linksOf(odd.body).find(link => link.includes('cursor=')) ?? ''
  t.match(more, /archetype=odd&tickCadence=daily&cursor=/, 'the next page is filtered too')
  t.notMatch((await reader.get(more)).body, /muted">even</)
  t.match(
    (await reader.get('/personas?search=100%25')).body,
    /1 persona that match/,
    'a percent sign is a letter'
  )
  t.match((await reader.get('/personas?search=nobody')).body, /Nobody matches/)
  t.equal(
    (await reader.get('/personas?paused=perhaps&tickCadence=never')).status,
    200,
    'what a filter does not know is no filter'
  )
})

t.test('a new persona is created; what is wrong stands at its field, and what was typed stays', async t => {
  const wrong = await reader.post('/personas', {
    ...FORM,
    email: 'mara',
    name: '',
    moduleMix: 'todo x',
    timeZone: 'Mars/Olympus',
    patience: 'none',
    systemPrompt: 'Ich bin <b>Mara</b>'
  })
  t.equal(wrong.status, 422)
  for (const field of ['email', 'name', 'moduleMix', 'timeZone', 'patience']) {
    t.match(wrong.body, new RegExp(`id="${field}-error"`), field)
  }
  t.match(wrong.body, /Ich bin &lt;b&gt;Mara/, 'what was typed is still there')
  t.match(wrong.body, /5 fields need another look/)

  const created = await reader.post('/personas', FORM)
  t.match([created.status, created.location], [303, /^\/personas\/[0-9a-f-]{36}\?done=created$/])
  const page = await reader.get(created.location ?? '')
  t.match(page.body, /Created\./)
  t.match(page.body, /40 points/)
  t.match(page.body, /lang="de">Du bist Mara\./)

  const again = await reader.post('/personas', { ...FORM, name: 'Another' })
  t.equal(again.status, 422, 'the same email does not quietly change another persona')
  t.match(again.body, /Another persona already has the email/)
  t.match(
    (await db.selectFrom('personas').selectAll().execute()).map(row => [row.name, row.module_mix]),
    [['Mara', { todo: 2, journal: 1 }]]
  )
})

t.test('a persona is edited', async t => {
  const { id } = await createPersona(app)
  t.match((await reader.get(`/personas/${id}/edit`)).body, /todo 2\njournal 1/)
  const saved = await reader.post(`/personas/${id}/edit`, {
    ...FORM,
    name: 'Mara B',
    tickCadence: 'weekdays'
  })
  t.equal(saved.location, `/personas/${id}?done=saved`)
  t.match(await db.selectFrom('personas').selectAll().executeTakeFirst(), {
    name: 'Mara B',
    cadence: 'weekdays',
    patience: 40
  })
  const wrong = await reader.post(`/personas/${id}/edit`, { ...FORM, tickCadence: 'sometimes' })
  t.match([wrong.status, wrong.body], [422, /id="tickCadence-error"/])
  t.equal((await reader.get('/personas/nobody')).status, 404)
})

t.test('pause, resume and run now, with a sentence for what does not work', async t => {
  const { id } = await createPersona(app)
  t.equal((await reader.post(`/personas/${id}/pause`)).location, `/personas/${id}?done=pause`)
  t.match((await reader.get(`/personas/${id}`)).body, /paused<\/span>/)
  await reader.post(`/personas/${id}/resume`)
  t.match(await db.selectFrom('personas').select('paused').executeTakeFirst(), { paused: false })
  const run = await reader.post(`/personas/${id}/run`)
  t.equal(run.location, `/personas/${id}?problem=RUNNER_OFF`)
  t.match((await reader.get(run.location ?? '')).body, /role="alert">The runner is off/)
  t.notMatch(
    (await reader.get(`/personas/${id}?problem=You+won&done=constructor`)).body,
    /You won|class="banner/,
    'an address cannot put words into a page'
  )
})

t.test('next due is what the due rule implies', async t => {
  const dueOf = async (columns: Record<string, unknown>) => {
    await db.deleteFrom('personas').execute()
    const { id } = await createPersona(app, { tickCadence: 'daily' })
    await db.updateTable('personas').set({ name: 'Mara', ...columns }).where('id', '=', id)
      .execute()
    return /<dt>Next due<\/dt><dd>(.*?)<\/dd>/s.exec((await reader.get(`/personas/${id}`)).body)
      ?.[1] ?? ''
  }
  t.match(await dueOf({}), /now, at the next tick/)
  t.match(await dueOf({ last_active_at: sql`now() - interval '20 hours'` }), /in (3|4) h/)
  t.match(
    await dueOf({ last_active_at: sql`now() - interval '20 minutes'`, cadence: 'hourly' }),
    /in (39|40) min/
  )
  t.match(
    await dueOf({
      last_active_at: sql`now() - interval '30 hours'`,
      not_before: sql`now() + interval '3 hours'`
    }),
    /in (2|3) h/
  )
  t.match(await dueOf({ paused: true, pause_reason: 'holiday' }), /paused: holiday/)
  const weekend = await dueOf({
    cadence: 'weekdays',
    not_before: sql`date_trunc('week', now()) + interval '12 days 15 hours'`,
    time_zone: 'UTC'
  })
  const monday = new Date(/datetime="([^"]+)"/.exec(weekend)?.[1] ?? '')
  t.same([monday.getUTCDay(), monday.getUTCHours()], [1, 0], 'a weekend waits for Monday')
})

t.test('the diary is read, rewritten and forgotten', async t => {
  const { id } = await createPersona(app, { locale: 'de-CH' })
  const diary = {
    memory: 'Kalender spinnt',
    'date-0': '2026-11-22',
    'did-0': 'Notiz',
    'annoyed-0': '',
    'plan-0': 'mehr',
    'date-1': '2026-11-23',
    'did-1': '',
    'annoyed-1': '',
    'plan-1': ''
  }
  t.equal(
    (await reader.post(`/personas/${id}/diary`, diary)).location,
    `/personas/${id}?done=diary#diary`
  )
  const stored = await db.selectFrom('persona_diaries').selectAll().executeTakeFirstOrThrow()
  t.match([stored.memory, stored.entries.length], ['Kalender spinnt', 1], 'an emptied day is gone')
  t.match((await reader.get(`/personas/${id}`)).body, /lang="de-CH">Kalender spinnt/)
  await reader.post(`/personas/${id}/diary/reset`)
  t.equal((await db.selectFrom('persona_diaries').selectAll().execute()).length, 0)
})

t.test('a viewer sees everything and changes nothing', async t => {
  const viewer = await signIn(app, VIEWER_KEY)
  const { id } = await createPersona(app)
  const page = await viewer.get(`/personas/${id}`)
  t.equal(page.status, 200)
  t.notMatch(page.body, /Run now|Rewrite the diary|Pause</)
  for (
    const url of [
      '/personas',
      `/personas/${id}/edit`,
      `/personas/${id}/pause`,
      `/personas/${id}/run`,
      `/personas/${id}/diary`,
      `/personas/${id}/diary/reset`
    ]
  ) {
    t.equal((await viewer.post(url, FORM)).status, 403, url)
  }
  for (const url of ['/personas/new', `/personas/${id}/edit`]) {
    const refused = await viewer.get(url)
    t.equal(refused.status, 403, `${url} is no form to fill in for nothing`)
    t.match(
      refused.body,
      /signed in for reading only.*Sign in with another key/s,
      'it says what to do'
    )
    t.match(refused.body, /aria-label="Pages"/, 'and leads on')
  }
})

t.test('whatever a persona is called or writes is shown as text', async t => {
  const { id } = await createPersona(app, {
    name: MARKUP,
    archetype: MARKUP.slice(0, 90),
    systemPrompt: MARKUP
  })
  await db.updateTable('personas').set({ paused: true, pause_reason: MARKUP }).execute()
  const entry = { date: MARKUP, did: MARKUP, annoyed: MARKUP, plan: MARKUP }
  await db.insertInto('persona_diaries').values({
    persona_id: id,
    memory: MARKUP,
    entries: JSON.stringify([entry])
  }).execute()
  await rows.run('r', id, {
    day_summary: MARKUP,
    state: 'failed',
    error_code: 'INTERNAL',
    error_message: MARKUP
  })
  await rows.rating('r', 'x"><svg onload=alert(1)>', 2)
  for (
    const url of [
      '/personas',
      `/personas?search=${encodeURIComponent('<script>')}`,
      `/personas?archetype=${encodeURIComponent(MARKUP)}`,
      `/personas/${id}`,
      `/personas/${id}/edit`
    ]
  ) {
    const { status, body } = await reader.get(url)
    t.equal(status, 200)
    t.same(intruders(body), [], url)
  }
})
