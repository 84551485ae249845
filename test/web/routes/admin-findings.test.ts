import t from 'tap'
import { searchAllRuns } from '../../../src/analysis/findings/catch-up.ts'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'
import { insightRows } from '../../helpers/insight-rows.ts'

/** The routes about findings. */

const app = await startTestApp(t, { env: { REPOSITORY_URL: 'https://github.com/acme/app' } })
const { db } = app.database
const rows = insightRows(db)
const persona = await createPersona(app)
const BASE = '/api/v1/admin/findings'
let serial = 0

async function fail (tool: string, message: string, { version = '1.0' } = {}): Promise<string> {
  const id = `run-${++serial}`
  await rows.run(id, persona.id, {
    app_version: version,
    finished_at: new Date(Date.now() + 1000)
  })
  await rows.action(id, 1, tool, { result: 'error', error_message: message, blame: 'app' })
  await rows.visit(id, tool.split('.')[0] ?? '')
  await rows.rating(id, tool.split('.')[0] ?? '', 1, {
    notes: 'It *broke* for @me',
    evidence: JSON.stringify([{ action: 1 }])
  })
  await searchAllRuns(db)
  return id
}

const get = async (path: string) => app.inject({ url: `${BASE}${path}`, headers: admin })
const post = async (path: string, payload: object) =>
  app.inject({ method: 'POST', url: `${BASE}${path}`, headers: admin, payload })
async function idOf (tool: string): Promise<string> {
  const { findings } = (await get('')).json()
  return findings.find((finding: { tool: string }) => finding.tool === tool).id
}

const run = await fail('notes.search', 'Search failed: index "notes_v2" does not exist')
await fail('todo.create', 'Internal error (TODO-503)')
await fail('todo.create', 'Internal error (TODO-503)')
const [notes, todo] = [await idOf('notes.search'), await idOf('todo.create')]

t.test('the list is filtered and paged', async t => {
  const page = (await get('?limit=1')).json()
  t.equal(page.findings.length, 1)
  const rest = (await get(`?limit=1&cursor=${page.nextCursor}`)).json()
  t.equal(rest.findings.length, 1)
  t.not(rest.findings[0].id, page.findings[0].id)
  t.equal(rest.nextCursor, null)
  const none = ['module=none', 'state=ignored', 'release=9', 'archetype=none', 'kind=slow']
  for (const query of [...none, 'since=2999-01-01T00:00:00Z', 'severity=walked_away', 'app=none']) {
    t.same((await get(`?${query}`)).json().findings, [], query)
  }
  const both = ['state=open', 'release=1.0', 'kind=error', 'severity=gave_up', 'app=main']
  for (const query of both) t.equal((await get(`?${query}`)).json().findings.length, 2, query)
  t.match((await get('?cursor=999')).json(), { code: 'FINDING_NOT_FOUND' })
  t.match((await get('?since=2016-12-31T23:59:60Z')).json().message, /^since must be/)
})

t.test('a finding tells whom it hits, with its evidence', async t => {
  const found = (await get(`/${notes}`)).json()
  t.match(found, {
    state: 'new',
    severity: 'gave_up',
    runs: 1,
    visits: { hit: 1, of: 1 },
    locales: [{ name: 'de', hit: 1, of: 1 }],
    quiet: { needed: 5, passed: 0 },
    evidence: [{ runId: run, call: { number: 1, tool: 'notes.search' }, rating: { cites: true } }]
  })
  t.match(found.title, /^notes\.search fails: Search failed/)
  t.equal(found.sentences.length, 3)
  t.equal(found.days.length, 1)
})

t.test('as Markdown nothing in it is markup or a mention', async t => {
  const answer = await get(`/${notes}/markdown`)
  t.match(answer.headers['content-type'], /text\/markdown/)
  t.match(answer.body, /^# notes\.search fails/)
  t.match(answer.body, 'It \\*broke\\* for @\u200bme')
  t.match(
    answer.headers.link,
    /^<https:\/\/github\.com\/acme\/app\/issues\/new\?title=notes\.search/
  )
})

t.test('resolved by a release: regressed by runs of it and not by older ones', async t => {
  for (const [version, day] of [['1.0', 1], ['1.1', 2]] as const) {
    const at = new Date(Date.UTC(2020, 0, day)).toISOString()
    await app.inject({
      method: 'POST',
      url: '/api/v1/admin/releases',
      headers: admin,
      payload: { version, at }
    })
  }
  const resolved = await post(`/${todo}/state`, { state: 'resolved', release: '1.1', why: 'index' })
  t.match(resolved.json(), { state: 'resolved', decision: { release: '1.1', why: 'index' } })
  await fail('todo.create', 'Internal error (TODO-503)')
  t.match((await get(`/${todo}`)).json(), { state: 'resolved' }, 'a run of 1.0')
  await fail('todo.create', 'Internal error (TODO-503)', { version: '1.1' })
  t.match((await get(`/${todo}`)).json(), { state: 'regressed', decision: null })
  const { events } = (await get(`/${todo}/timeline`)).json()
  t.same(events.map(({ kind }: { kind: string }) => kind), ['new', 'resolved', 'regressed'])
})

t.test('ignored until two more runs meet it', async t => {
  t.match((await post(`/${notes}/state`, { state: 'ignored', more: 2 })).json(), {
    state: 'ignored'
  })
  const message = 'Search failed: index "notes_v2" does not exist'
  await fail('notes.search', message)
  t.match((await get(`/${notes}`)).json(), { state: 'ignored' })
  await fail('notes.search', message)
  t.match((await get(`/${notes}`)).json(), { state: 'ongoing' })
})

t.test('ignored until the next release meets it, and opened again by hand', async t => {
  const ignored = await post(`/${notes}/state`, { state: 'ignored', untilNextRelease: true })
  t.match(ignored.json(), { decision: { afterRelease: '1.1' } })
  t.match((await post(`/${notes}/state`, { state: 'open' })).json(), { state: 'ongoing' })
  const again = await post(`/${notes}/state`, { state: 'open' })
  t.equal(again.statusCode, 409)
  t.match(again.json(), { code: 'FINDING_CONFLICT', message: /open already/ })
})

t.test('fields that do not belong to the state are refused by name', async t => {
  const bodies = [{ state: 'ignored', release: '1' }, { state: 'resolved', more: 1 }]
  for (const body of bodies) {
    const answer = await post(`/${notes}/state`, body)
    t.equal(answer.statusCode, 400)
    t.match(answer.json().message, /release|more/)
  }
  t.equal((await post('/999/state', { state: 'resolved' })).statusCode, 404)
})

t.test('merged and split: both survive a new search of all runs', async t => {
  t.equal((await post(`/${notes}/merge`, { into: notes })).statusCode, 400)
  t.match((await post(`/${notes}/merge`, { into: todo })).json(), { id: todo, runs: 7 })
  t.match((await get(`/${notes}`)).json(), { mergedInto: todo, runs: 0 })
  t.match((await post(`/${notes}/state`, { state: 'resolved' })).json(), {
    code: 'FINDING_CONFLICT'
  })
  const { fingerprints } = (await get(`/${todo}`)).json()
  t.equal(fingerprints.length, 2)
  const message = 'Search failed: index "notes_v2" does not exist'
  await fail('notes.search', message)
  t.match((await get(`/${todo}`)).json(), { runs: 8 }, 'the merge holds for new runs')

  const { fingerprint } = fingerprints.find(({ template }: { template: string }) =>
    template.startsWith('Search')
  )
  const split = (await post(`/${todo}/split`, { fingerprint })).json()
  t.match(split, { runs: 4, module: 'todo' })
  t.match((await get(`/${todo}`)).json(), { runs: 4 })
  t.match((await post(`/${todo}/split`, { fingerprint })).json(), { code: 'FINDING_CONFLICT' })
})

t.test('findings of two apps are not merged', async t => {
  await db.insertInto('apps').values({
    name: 'other',
    settings: JSON.stringify({ mcpUrl: 'http://127.0.0.1:1/mcp' })
  }).execute()
  const { id } = await db.insertInto('findings')
    .values({ app: 'other', kind: 'error', module: 'x', template: 'x' })
    .returning('id').executeTakeFirstOrThrow()
  const answer = await post(`/${todo}/merge`, { into: id })
  t.equal(answer.statusCode, 409)
  t.match(answer.json().message, /main.*other/)
})

t.test('the address of the issue in a tracker is kept', async t => {
  const patch = async (trackerUrl: string | null) =>
    app.inject({ method: 'PATCH', url: `${BASE}/${todo}`, headers: admin, payload: { trackerUrl } })
  t.match((await patch('https://git.example.com/7')).json(), {
    trackerUrl: 'https://git.example.com/7'
  })
  t.equal((await patch('javascript:alert(1)')).statusCode, 400)
  t.match((await patch(null)).json(), { trackerUrl: null })
})
