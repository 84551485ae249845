import { connect } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { ADMIN_KEY, service, startTestApp } from '../helpers/app.ts'
import { openTestDatabase } from '../helpers/database.ts'
import { postForm } from '../helpers/pages.ts'

const database = await openTestDatabase(t)
const root = t
const PUBLIC_URL = 'https://personas.example.com'

t.test('with a public address other names are refused, and supervisors are answered', async t => {
  const app = await startTestApp(root, {
    database,
    env: { PUBLIC_URL, ALLOWED_HOSTS: 'persona-runner:3070, other' }
  })
  const statusFor = async (host: string, url = '/sign-in') =>
    (await app.inject({ url, headers: { host, ...service } })).statusCode
  for (
    const host of [
      'personas.example.com',
      'PERSONAS.example.com',
      '127.0.0.1:3070',
      'localhost',
      '[::1]:3070',
      'persona-runner:3070',
      'other'
    ]
  ) {
    t.equal(await statusFor(host), 200, host)
  }
  for (
    const host of [
      'evil.test',
      'personas.example.com.evil.test',
      'personas.example.com:81',
      '10.0.0.7:3070',
      '127.0.0.1.evil.test',
      'persona-runner'
    ]
  ) {
    t.equal(await statusFor(host), 421, host)
    t.equal(await statusFor(host, '/api/v1/internal/personas/due'), 421, host)
    t.equal(await statusFor(host, '/health'), 200, host)
    t.equal(await statusFor(host, '/ready'), 200, host)
  }
  const refused = await app.inject({ url: '/docs/json', headers: { host: 'evil.test' } })
  t.match(refused.json(), { code: 'MISDIRECTED', message: /evil\.test.*PUBLIC_URL.*ALLOWED_HOSTS/ })
})

t.test('a form is of this site where its origin is the public address, whatever the proxy calls the server', async t => {
  const app = await startTestApp(root, { database, env: { PUBLIC_URL } })
  const signIn = async (origin: string) =>
    (await postForm(app, '/sign-in', { key: ADMIN_KEY }, {
      host: '127.0.0.1:3070',
      origin,
      'sec-fetch-site': ''
    })).statusCode
  const post = async (origin: string) =>
    (await app.inject({
      method: 'POST',
      url: '/sign-in',
      headers: {
        host: '127.0.0.1:3070',
        origin,
        'content-type': 'application/x-www-form-urlencoded'
      },
      payload: `key=${ADMIN_KEY}`
    })).statusCode
  t.equal(await post(PUBLIC_URL), 303)
  for (
    const origin of [
      'http://personas.example.com',
      'http://127.0.0.1:3070',
      'https://evil.test',
      'null'
    ]
  ) t.equal(await post(origin), 403, origin)
  t.equal(await signIn('https://evil.test'), 403)
})

/** The first line that a server answers to these bytes. */
async function firstLine (port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(bytes)
  let text = ''
  socket.on('data', chunk => {
    text += String(chunk)
  })
  await once(socket, 'close')
  return text.split('\r\n')[0] ?? ''
}

t.test('a request with two Host headers is refused', async t => {
  const app = await startTestApp(root, { database })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const ask = (hosts: string[]) =>
    firstLine(
      port,
      `GET /health HTTP/1.1\r\n${
        hosts.map(host => `Host: ${host}\r\n`).join('')
      }Connection: close\r\n\r\n`
    )
  t.match(await ask(['localhost']), / 200 /)
  t.match(await ask(['localhost', 'evil.test']), / 400 /)
  t.match(await ask(['localhost', 'localhost']), / 400 /)
  t.match(await ask([]), / 400 /)
})

t.test('a body that reaches for the prototype is refused by the name of the field', async t => {
  const app = await startTestApp(root, { database })
  const post = (payload: string) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/admin/personas',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      payload
    })
  const table: [string, RegExp][] = [
    ['{"__proto__": {"paused": true}}', /body\/__proto__/],
    ['{"moduleMix": {"__proto__": 1}}', /body\/moduleMix\/__proto__/],
    ['{"a": [{"constructor": {"prototype": {"x": 1}}}]}', /body\/a\/0\/constructor\/prototype/],
    ['{"email": ', /not valid JSON/]
  ]
  for (const [body, message] of table) {
    t.match((await post(body)).json(), { code: 'BAD_REQUEST', message }, body)
  }
})
