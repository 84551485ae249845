import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import type { ActionInput } from '../../../src/runner/actions/schemas.ts'
import { InternalClient, InternalClientError } from '../../../src/web/client/internal-client.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { createPersona, SERVICE_KEY, startTestApp } from '../../helpers/app.ts'

async function start (t: Test) {
  const database = await openTestDatabase(t)
  const app = await startTestApp(t, { database })
  const baseUrl = await app.listen({ port: 0, host: '127.0.0.1' })
  const { id } = await createPersona(app)
  const requests: { path: string, size: number }[] = []
  const client = new InternalClient({
    baseUrl,
    serviceKey: SERVICE_KEY,
    fetch: (url, init) => {
      requests.push({ path: new URL(String(url)).pathname, size: String(init?.body ?? '').length })
      return fetch(url, init)
    }
  })
  const rows = (table: 'persona_actions' | 'persona_feedback') =>
    database.db.selectFrom(table).select(
      ['id', 'persona_id']
    ).orderBy('id').execute()
  return { app, baseUrl, client, id, requests, rows }
}

const action = (tickId: string, i: number): ActionInput => (
  {
    tickId,
    toolName: `todo.tool_${i % 3}`,
    result: i % 7 === 0 ? 'error' : 'ok',
    inputHash: `h${i}`,
    latencyMs: i
  }
)

async function failure (promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => 'it did not fail', (error: unknown) => error)
}

t.test('whoever is due is listed with the time of the server', async t => {
  const { client, id } = await start(t)
  const { personas, serverTime } = await client.listDuePersonas()
  t.match(personas, [{ id, userId: id, name: 'Mara', tickCadence: 'daily', lastActiveAt: null }])
  t.ok(Math.abs(Date.parse(serverTime) - Date.now()) < 60_000)
})

t.test('1,201 actions of two ticks become 1,201 rows, however often they are sent', async t => {
  const { client, id, requests, rows } = await start(t)
  // Mixed, as two runs at the same time would be: 700 of one, 501 of the other.
  const counters = { a: 0, b: 0 }
  const actions = Array.from({ length: 1201 }, (_, n) => {
    const tick = n % 2 === 0 || counters.b === 501 ? 'a' : 'b'
    return action(tick, counters[tick]++)
  })
  t.same(counters, { a: 700, b: 501 })
  t.same(await client.postActions(id, actions), { written: 1201 })
  t.equal(requests.length, 4, 'two requests per tick')

  const expected = (['a', 'b'] as const).flatMap(
    tick => Array.from({ length: counters[tick] }, (_, i) => `${tick}-${i}-todo.tool_${i % 3}`)
  )
  t.strictSame(
    (await rows('persona_actions')).map(row => row.id).sort(),
    expected.sort(),
    'each at its position in its tick'
  )
  t.same(await client.postActions(id, actions), { written: 0 }, 'sent again')
  t.equal((await rows('persona_actions')).length, 1201)
  t.same(
    await client.postActions(id, [...actions, action('b', 501)]),
    { written: 1 },
    'with one more'
  )
  t.same(await client.postActions(id, actions.filter(({ tickId }) => tickId === 'b')), {
    written: 0
  }, 'one tick by itself')
})

t.test('a batch that failed on the way is completed by sending everything again', async t => {
  const { baseUrl, id, rows } = await start(t)
  let requests = 0
  const dying = new InternalClient({
    baseUrl,
    serviceKey: SERVICE_KEY,
    fetch: async (url, init) => {
      if (++requests === 2) throw new TypeError('fetch failed')
      return fetch(url, init)
    }
  })
  const actions = Array.from({ length: 1100 }, (_, i) => action('a', i))
  t.match(await failure(dying.postActions(id, actions)), { code: 'UNREACHABLE', status: null })
  t.equal((await rows('persona_actions')).length, 500)
  t.same(await dying.postActions(id, actions), { written: 600 })
})

t.test('no actions still say that the persona was active', async t => {
  const { client, id } = await start(t)
  t.same(await client.postActions(id, []), { written: 0 })
  t.same((await client.listDuePersonas()).personas, [], 'so it is not due again')
})

t.test('250 ratings become 250 rows, however often they are sent', async t => {
  const { client, id, requests, rows } = await start(t)
  const feedback = Array.from(
    { length: 250 },
    (_, i) => ({ tickId: `tick${i % 5}`, module: `m${i}`, rating: i % 5 + 1, notes: `note ${i}` })
  )
  t.same(await client.postFeedback(id, feedback), { written: 250, withoutRating: [] })
  t.equal(requests.length, 3)
  t.same(await client.postFeedback(id, feedback), { written: 0, withoutRating: [] })
  t.equal((await rows('persona_feedback')).length, 250)
  t.same(await client.postFeedback(id, []), { written: 0, withoutRating: [] })
})

t.test('an error carries status, code and message of the server', async t => {
  const { baseUrl, client, id } = await start(t)
  await client.postActions(id, [action('a', 0)])
  const wrongKey = new InternalClient({ baseUrl, serviceKey: 'guess' })
  const cases: [what: string, ask: () => Promise<unknown>, expected: object][] = [
    ['a wrong key', () => wrongKey.listDuePersonas(), {
      status: 401,
      code: 'UNAUTHORIZED',
      message: /SERVICE_KEY/
    }],
    [
      'an unknown persona',
      () => client.postActions('00000000-0000-4000-8000-000000000000', [action('a', 0)]),
      { status: 404, code: 'PERSONA_NOT_FOUND' }
    ],
    [
      'an id that is a path',
      () => client.postFeedback('../../x?y', [{ tickId: 'a', module: 'todo', rating: 3 }]),
      { status: 404, code: 'PERSONA_NOT_FOUND' }
    ],
    [
      'other content',
      () => client.postActions(id, [{ ...action('a', 0), latencyMs: 99 }]),
      { status: 409, code: 'ROW_CONFLICT', message: /a-0-todo/ }
    ],
    [
      'a bad body',
      () => client.postFeedback(id, [{ tickId: 'a', module: 'todo', rating: 6 }]),
      { status: 400, code: 'BAD_REQUEST', message: /rating/ }
    ]
  ]
  for (const [what, ask, expected] of cases) {
    const error = await failure(ask())
    t.ok(error instanceof InternalClientError, what)
    t.match(error, expected)
    t.notMatch(JSON.stringify(error) + String(error), SERVICE_KEY)
  }
})

t.test('what is no persona store is recognised', async t => {
  const cases: [status: number, body: string, expected: object][] = [
    [200, '<html>', {
      status: 200,
      code: 'BAD_ANSWER',
      message: /did not answer as the persona store.*<html>/
    }],
    [200, '{"personas":"all"}', { status: 200, code: 'BAD_ANSWER' }],
    [502, '<h1>Bad gateway</h1>', { status: 502, code: 'BAD_ANSWER', message: /Bad gateway/ }],
    [302, '', { status: null, code: 'UNREACHABLE' }]
  ]
  for (const [status, body, expected] of cases) {
    const server = createServer(
      (_req, res) => {
        res.writeHead(status, { location: '/elsewhere' }).end(body)
      }
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    const client = new InternalClient({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      serviceKey: 'k'
    })
    t.match(await failure(client.listDuePersonas()), expected)
  }
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const { port } = silent.address() as AddressInfo
  const hurried = new InternalClient({
    baseUrl: `http://127.0.0.1:${port}`,
    serviceKey: 'k',
    timeoutMs: 50
  })
  t.match(await failure(hurried.listDuePersonas()), {
    status: null,
    code: 'UNREACHABLE',
    message: /timeout/
  })
})

t.test('a client that cannot work is refused at once, and says why', async t => {
  const bad: [options: { baseUrl: string, serviceKey: string }, said: RegExp][] = [
    [{ baseUrl: 'http://localhost:3000', serviceKey: '' }, /serviceKey is empty.*SERVICE_KEY/],
    [{ baseUrl: 'http://localhost:3000', serviceKey: '  ' }, /serviceKey is empty/],
    [{ baseUrl: '', serviceKey: 'k' }, /baseUrl ""/],
    [{ baseUrl: 'localhost:3000', serviceKey: 'k' }, /baseUrl "localhost:3000" is not an http/],
    [{ baseUrl: '/api', serviceKey: 'k' }, /baseUrl/],
    [{ baseUrl: 'ftp://localhost', serviceKey: 'k' }, /baseUrl/]
  ]
  for (const [options, said] of bad) {
    t.throws(
      () => new InternalClient(options),
      { code: 'CONFIG_INVALID', message: said },
      JSON.stringify(options)
    )
  }
})

t.test('an address may have a path and end as it likes', async t => {
  const paths: string[] = []
  const server = createServer((req, res) => {
    paths.push(req.url ?? '')
    res.end('{"personas":[],"serverTime":"2026-01-01T00:00:00Z"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  for (const path of ['', '/', '/store', '/store//']) {
    await new InternalClient(
      {
        baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
        serviceKey: 'k'
      }
    ).listDuePersonas()
  }
  t.same(paths, ['', '', '/store', '/store'].map(path => `${path}/api/v1/internal/personas/due`))
})
