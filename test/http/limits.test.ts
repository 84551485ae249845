import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { admin, service, startTestApp } from '../helpers/app.ts'
import { openTestDatabase } from '../helpers/database.ts'
import { signIn } from '../helpers/pages.ts'

/** Closing any process closes the database of all: they stay until the end of the file. */
const root = t
const database = await openTestDatabase(t)
const start = (env: Record<string, string> = {}) => startTestApp(root, { database, env })
const RELEASES = '/api/v1/admin/releases'
const statusOf = async (app: FastifyInstance, url: string, headers: Record<string, string>) =>
  (await app.inject({ url, headers })).statusCode

t.test('each key and each address has a number of requests a minute of its own, and /health has no end', async t => {
  const app = await start({ KEY_RATE_LIMIT: '5', ADDRESS_RATE_LIMIT: '3' })
  const statuses = async (
    n: number,
    url: string,
    headers: Record<string, string>,
    remoteAddress = '203.0.113.7'
  ) => {
    const answers = []
    for (let i = 0; i < n; i++) {
      answers.push((await app.inject({ url, headers, remoteAddress })).statusCode)
    }
    return answers
  }
  t.same(await statuses(6, RELEASES, admin), [200, 200, 200, 200, 200, 429])
  t.same(await statuses(1, '/api/v1/internal/personas/due', service), [200], 'another key')
  t.same(
    await statuses(4, RELEASES, { authorization: 'Bearer guessed-key' }),
    [401, 401, 401, 429],
    'who guesses is counted by address'
  )
  t.same(await statuses(1, '/sign-in', {}), [429], 'whatever else it asks')
  t.same(await statuses(1, '/nothing-here', {}), [429])
  t.same(await statuses(4, '/sign-in', {}, '2001:db8:1:2::1'), [200, 200, 200, 429])
  t.same(await statuses(1, '/sign-in', {}, '2001:db8:1:2:ffff::9'), [429], 'the same network')
  t.same(await statuses(1, '/sign-in', {}, '2001:db8:1:3::1'), [200])
  t.same(new Set(await statuses(20, '/health', {})), new Set([200]))
  const refused = await app.inject({ url: RELEASES, headers: admin, remoteAddress: '198.51.100.1' })
  t.match(refused.json(), { code: 'RATE_LIMITED', message: /with this key\. Try again in \d+ s/ })
  t.ok(Number(refused.headers['retry-after']) > 0 && Number(refused.headers['retry-after']) <= 60)
  const page = await app.inject({
    url: '/',
    headers: { accept: 'text/html' },
    remoteAddress: '203.0.113.7'
  })
  t.match([page.statusCode, page.headers['retry-after']], [429, /^\d+$/])
})

t.test('a process that has enough to do says so at once and when to come back, and then goes on', async t => {
  const app = await start({ REQUEST_LIMIT: '10' })
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => app.inject({ url: RELEASES, headers: admin }))
  )
  const refused = answers.filter(answer => answer.statusCode === 503)
  t.equal(answers.filter(answer => answer.statusCode === 200).length, 10)
  t.equal(refused.length, 50)
  t.match([refused[0]?.json(), refused[0]?.headers['retry-after']], [{ code: 'OVERLOADED' }, '2'])
  for (let i = 0; i < 3; i++) {
    t.equal(await statusOf(app, RELEASES, admin), 200, 'nothing is left in work')
  }
  const address = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  // Twenty who begin a body and never end it are no work, and twenty who go away have given theirs
  // back.
  const slow = await Promise.all(Array.from({ length: 20 }, async () => {
    const socket = connect(Number(address.port), address.hostname)
    await once(socket, 'connect')
    socket.on('error', () => {})
    socket.write(
      `POST ${RELEASES} HTTP/1.1\r\nHost: x\r\nAuthorization: ${admin.authorization}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`
    )
    return socket
  }))
  t.equal(await statusOf(app, RELEASES, admin), 200)
  for (const socket of slow) socket.destroy()
  const hasty = await Promise.all(Array.from({ length: 20 }, async () => {
    const socket = connect(Number(address.port), address.hostname)
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(
      `GET ${RELEASES} HTTP/1.1\r\nHost: x\r\nAuthorization: ${admin.authorization}\r\n\r\n`
    )
    return socket
  }))
  for (const socket of hasty) socket.destroy()
  let status = 503
  for (let i = 0; i < 100 && status === 503; i++) status = await statusOf(app, RELEASES, admin)
  t.equal(status, 200)
})

t.test('a body nests 64 levels deep at most, and has four megabytes at most', async t => {
  const app = await start()
  const nested = (levels: number) => `{"version":${'['.repeat(levels)}${']'.repeat(levels)}}`
  const post = (payload: string, headers = {}) =>
    app.inject({
      method: 'POST',
      url: RELEASES,
      headers: { ...admin, 'content-type': 'application/json', ...headers },
      payload
    })
  t.match((await post(nested(63))).json(), {
    code: 'BAD_REQUEST',
    message: /body\/version must be string/
  })
  for (const levels of [64, 1000, 1_000_000]) {
    t.match(
      (await post(nested(levels))).json(),
      { code: 'BAD_REQUEST', message: /deeper than 64/ },
      String(levels)
    )
  }
  const tooLarge = await post(JSON.stringify({ version: '1', notes: 'x'.repeat(4 * 1024 * 1024) }))
  t.match([tooLarge.statusCode, tooLarge.json()], [413, { code: 'BODY_TOO_LARGE' }])
  const form = await app.inject({
    method: 'POST',
    url: '/sign-in',
    headers: {
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded'
    },
    payload: `key=${'x'.repeat(20_000)}`
  })
  t.equal(form.statusCode, 413, 'a stranger gets 16 KB')
  const asText = await post('version=1', { 'content-type': 'text/plain' })
  t.match([asText.statusCode, asText.json()], [415, { code: 'UNSUPPORTED_MEDIA_TYPE' }])
})

t.test('a body that nobody takes is not read', async t => {
  const app = await start()
  const address = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  for (const [url, status] of [['/nothing-here', 404], [RELEASES, 401]] as const) {
    const socket = connect(Number(address.port), address.hostname)
    socket.write(
      `POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n{`
    )
    const [answer] = await once(socket, 'data')
    t.match(
      String(answer),
      new RegExp(`^HTTP/1.1 ${status} `),
      `${url} answers before the body is there`
    )
    socket.destroy()
  }
})

t.test('what is no HTTP gets an answer in our own words', async t => {
  const app = await start()
  const address = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const table: [string, RegExp][] = [
    ['HELLO\r\n\r\n', /^HTTP\/1.1 400 [^]*"code":"BAD_REQUEST"/],
    [
      `GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1.1 431 [^]*"code":"HEADERS_TOO_LARGE"/
    ]
  ]
  for (const [text, expected] of table) {
    const socket = connect(Number(address.port), address.hostname)
    socket.on('error', () => {})
    let answer = ''
    socket.on('data', chunk => {
      answer += chunk
    })
    socket.write(text)
    await once(socket, 'close')
    t.match(answer, expected)
  }
})

t.test('every answer, of whatever kind, is taken for what it is called and kept by nobody', async t => {
  const app = await start()
  for (
    const [url, headers] of [
      ['/health', {}],
      [RELEASES, admin],
      [RELEASES, {}],
      ['/nothing', {}],
      ['/docs/', {}],
      ['/api/v1/admin/export/runs', admin],
      ['/', await signIn(app)]
    ] as const
  ) {
    const response = await app.inject({ url, headers })
    t.equal(response.headers['x-content-type-options'], 'nosniff', url)
    if (url !== '/docs/') t.equal(response.headers['cache-control'], 'no-store', url)
    t.equal(response.headers['access-control-allow-origin'], undefined, url)
  }
  for (
    const [method, url, status, code] of [
      ['GET', '/%ZZ', 400, 'BAD_REQUEST'],
      ['POST', `/api/v1/admin/runs/${'x'.repeat(500)}/cancel`, 414, 'URL_TOO_LONG']
    ] as const
  ) {
    const response = await app.inject({ method, url, headers: admin })
    t.match([response.statusCode, response.json(), response.headers], [status, { code }, {
      'x-content-type-options': 'nosniff'
    }], url)
  }
  t.match((await app.inject('/docs/')).headers['content-security-policy'], /default-src 'self'/)
})
