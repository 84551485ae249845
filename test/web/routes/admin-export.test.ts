import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'kysely'
import t from 'tap'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { insightRows } from '../../helpers/insight-rows.ts'

/** How often a page of an export was read. */
let pagesRead = 0
const database = await openTestDatabase(t)
database.db = database.db.withPlugin({
  transformQuery: ({ node }) => {
    if (
      JSON.stringify(node, (_, value) => typeof value === 'bigint' ? null : value).includes(
        'AS position'
      )
    ) pagesRead++
    return node
  },
  transformResult: async ({ result }) => result
})
const app = await startTestApp(t, { database })
const { db } = app.database
const { run, rating, action } = insightRows(db)
const mara = await createPersona(app)

const file = (url: string) => app.inject({ url: `/api/v1/admin/export/${url}`, headers: admin })
type Line = Record<string, unknown>
const ndjson = async (url: string): Promise<Line[]> =>
  (await file(url)).body.split('\n').filter(line => line !== '').map(line => JSON.parse(line))

/** As any reader of RFC 4180 reads it. */
function readCsv (text: string): Record<string, string>[] {
  const rows: string[][] = [[]]
  for (
    const [, quoted, bare = '', end] of text.matchAll(
      /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g
    )
  ) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare)
    if (end === '\r\n') rows.push([])
  }
  const [header = [], ...lines] = rows.filter(row => row.length > 1)
  return lines.map(cells => Object.fromEntries(header.map((key, i) => [key, cells[i] ?? ''])))
}
const csv = async (url: string) =>
  readCsv((await file(`${url}${url.includes('?') ? '&' : '?'}format=csv`)).body)

/** So many actions of one run, ten of each instant. */
async function addActions (n: number, message = 'null'): Promise<void> {
  await sql`
    INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, result, error_message, created_at)
    SELECT 'r-' || i || '-todo.list', ${mara.id}::uuid, 'r', i, 'todo.list', 'todo', 'ok', ${
    sql.raw(message)
  },
           '2026-01-01T00:00:00Z'::timestamptz + (i / 10) * interval '7 microseconds'
    FROM generate_series(0, ${n - 1}::int) i`.execute(db)
}

t.afterEach(async () => {
  for (const table of ['runs', 'persona_actions', 'persona_feedback'] as const) {
    await db.deleteFrom(table).execute()
  }
})

t.test('20,000 rows arrive, each once and in order, in both formats', async t => {
  await addActions(20_000)
  const lines = await ndjson('actions?format=ndjson')
  t.same(
    lines.map(line => line.number),
    Array.from({ length: 20_000 }, (_, i) => i + 1).sort((a, b) =>
      Math.floor((a - 1) / 10) - Math.floor((b - 1) / 10) ||
      (`r-${a - 1}-` < `r-${b - 1}-` ? -1 : 1)
    )
  )
  t.match(lines[0], {
    id: 'r-0-todo.list',
    tickId: 'r',
    personaId: mara.id,
    archetype: 'researcher',
    module: 'todo',
    blame: null
  })
  const table = await csv('actions')
  t.equal(table.length, 20_000)
  t.same(table.map(row => row.id), lines.map(line => line.id))
  t.match(table[0], { number: '1', errorMessage: '', createdAt: '2026-01-01T00:00:00.000Z' })
})

t.test('an empty table is a header in CSV and nothing in NDJSON', async t => {
  for (const name of ['runs', 'actions', 'feedback']) {
    t.match((await file(`${name}?format=csv`)).body, /^id,[\w,]+\r\n$/)
    t.equal((await file(name)).body, '')
  }
})

t.test('a file says what it is and how to call it', async t => {
  for (
    const [format, type] of [['csv', /^text\/csv; charset=utf-8$/], [
      'ndjson',
      /^application\/x-ndjson/
    ]] as const
  ) {
    const { headers } = await file(`runs?format=${format}`)
    t.match(headers, {
      'content-type': type,
      'content-disposition': `attachment; filename="runs.${format}"`
    })
  }
})

t.test('nothing that a spreadsheet would run comes out of CSV', async t => {
  const texts = [
    '=HYPERLINK("https://evil.test","x")',
    '+49 30',
    '-1+2',
    '@SUM(A1)',
    '\t=1',
    'say "hi", then\r\nleave',
    'plain = text'
  ]
  await run('r', mara.id)
  for (const [i, text] of texts.entries()) {
    await action('r', i + 1, 'todo.list', { result: 'error', error_message: text })
  }
  const harmless = texts.map(text => /^[=+\-@\t]/.test(text) ? `'${text}` : text)
  t.same((await csv('actions')).map(row => row.errorMessage).sort(), harmless.sort())
  t.same(
    (await ndjson('actions')).map(line => line.errorMessage).sort(),
    texts.sort(),
    'NDJSON is for programs: as it is'
  )
})

t.test('feedback keeps what was checked and under which versions; what could not be read has no rating', async t => {
  await run('r', mara.id)
  await rating('r', 'todo', 4, {
    evidence: JSON.stringify([{ action: 1, quote: 'a, "b"' }]),
    notes: 'Gut, aber laut.'
  })
  await rating('r', '__parse', null, { grounded: null, raw_text: '{"oops' })
  await rating('r', 'mood', 1, { grounded: false, ungrounded_reason: 'no_citation' })
  const rows = Object.fromEntries((await csv('feedback')).map(row => [row.module ?? '', row]))
  t.match(rows.todo, {
    rating: '4',
    grounded: 'true',
    model: 'opus',
    promptVersion: 'p1',
    personaVersion: '1',
    appVersion: '1.0'
  })
  t.same(JSON.parse(rows.todo?.evidence ?? ''), [{ action: 1, quote: 'a, "b"' }])
  t.match(rows.__parse, { rating: '', grounded: '', rawText: '{"oops' })
  t.match(rows.mood, { rating: '1', grounded: 'false', ungroundedReason: 'no_citation' })
  const lines = await ndjson('feedback')
  t.same(lines.find(line => line.module === '__parse')?.rating, null)
  t.same(lines.find(line => line.module === 'todo')?.evidence, [{ action: 1, quote: 'a, "b"' }])
})

t.test('runs come with their numbers, and without their transcripts', async t => {
  await run('r', mara.id, {
    input_tokens: 5_000_000_000,
    walked_away_over: [1, 2],
    day_summary: 'Gut.'
  })
  t.match(await ndjson('runs'), [{
    id: 'r',
    state: 'completed',
    inputTokens: 5_000_000_000,
    walkedAwayOver: [1, 2],
    daySummary: 'Gut.'
  }])
  t.match(await csv('runs'), [{ inputTokens: '5000000000', walkedAwayOver: '[1,2]' }])
})

t.test('a range of time is cut exactly', async t => {
  await addActions(100)
  const ids = async (query: string) => (await ndjson(`actions?${query}`)).length
  t.equal(await ids('from=2026-01-01T00:00:00Z'), 100)
  t.equal(await ids('to=2026-01-01T00:00:00Z'), 0, 'the end is exclusive')
  t.equal(await ids('from=2026-01-01T00:00:00.001Z'), 0)
  t.equal(await ids(''), 100, 'without one it is everything')
  for (const query of ['format=xml', 'from=yesterday', 'to=0000-01-01T00:00:00Z', 'nonsense=1']) {
    t.match((await file(`actions?${query}`)).json(), { code: 'BAD_REQUEST' }, query)
  }
})

t.test('an export needs the key, and there is none of other tables', async t => {
  t.equal((await app.inject('/api/v1/admin/export/runs')).statusCode, 401)
  t.equal((await file('personas')).statusCode, 404)
  pagesRead = 0
  const response = await app.inject({
    method: 'HEAD',
    url: '/api/v1/admin/export/actions',
    headers: admin
  })
  t.match([response.statusCode, pagesRead], [404, 0], 'and HEAD does not read the whole table')
})

t.test('no more is read than a client takes, and nothing once it has gone away', async t => {
  await addActions(20_000, 'repeat(md5(i::text), 62)')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  pagesRead = 0
  const connected = once(app.server, 'connection')
  const request = httpGet({ port, path: '/api/v1/admin/export/actions', headers: admin })
  const [socket] = await connected
  const [response] = await once(request, 'response') as [IncomingMessage]
  await once(response, 'readable')
  // Other requests, one behind the other, give the export every chance to run ahead.
  for (let i = 0; i < 20; i++) await file('runs')
  const ahead = pagesRead - 20
  t.ok(ahead >= 1 && ahead < 10, `${ahead} of 20 pages were read for a client that takes nothing`)
  const closed = new Promise(resolve => socket.once('close', resolve))
  response.destroy()
  await closed
  for (let i = 0; i < 20; i++) await file('runs')
  t.ok(pagesRead - 40 <= ahead + 1, 'at most the page that was under way came after it')
})
