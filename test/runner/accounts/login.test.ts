import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { noAccounts } from '../../../src/runner/accounts/account.ts'
import { passwordAccounts } from '../../../src/runner/accounts/login.ts'
import { derivePassword } from '../../../src/runner/accounts/password.ts'
import { startSampleApp } from '../../../src/demo/sample-app/sample-app.ts'
import { codeOf } from '../../../src/platform/errors.ts'

const never = new AbortController().signal
const SECRET = 'seed-secret-for-tests'
const mara = { email: 'mara@personas.test' }

t.test('a password is the one that openssl derives', async t => {
  // printf %s EMAIL | openssl dgst -sha256 -hmac SECRET -binary | base64 | tr -cd A-Za-z0-9 | cut
  // -c1-32
  const cases: [secret: string, email: string, password: string][] = [
    [SECRET, 'mara@personas.test', 'NssmsBfKzhi5lJ0pVTcMZIGuW50lWVKh'],
    ['ein Geheimnis', 'müller+x@personas.test', 'pk9iPjrHknAKR1fwXWXwnk7vCPIU976p'],
    ['k', 'p4@personas.test', 'LhE66UOlPw5PLAN9AFvloEMJTtvJVw6r'],
    ['k', 'p10@personas.test', 'eRFGLmj9jJxc6ARLS6ntitNLZ7yKniHj']
  ]
  for (const [secret, email, password] of cases) {
    t.equal(derivePassword(secret, email), password, email)
  }
  t.not(
    derivePassword(SECRET, 'mara@personas.test'),
    derivePassword(`${SECRET}x`, 'mara@personas.test')
  )
  for (let i = 0; i < 500; i++) {
    const password = derivePassword(SECRET, `p${i}@personas.test`)
    if (!/^[A-Za-z0-9]{32}$/.test(password)) t.fail(password)
  }
})

t.test('a persona signs in to the sample app and gets its personal space', async t => {
  const app = await startSampleApp()
  t.teardown(() => app.close())
  const { userId, spaceId } = app.addAccount(
    { ...mara, password: derivePassword(SECRET, mara.email), name: 'Mara', locale: 'de' }
  )
  for (const authUrl of [app.url, `${app.url}/`, `${app.url}//`]) {
    const account = await passwordAccounts({ authUrl, seedSecret: SECRET }).signIn(mara, never)
    t.match(account, {
      userId,
      spaceId,
      headers: { authorization: /^Bearer \S+$/, 'x-mana-space': spaceId }
    })
  }
  for (
    const [seedSecret, email] of [['another secret', mara.email], [
      SECRET,
      'nobody@personas.test'
    ]] as const
  ) {
    const error = await refusal({ authUrl: app.url, seedSecret }, email)
    t.match(error, { code: 'LOGIN_FAILED', message: /401.*PERSONA_SEED_SECRET/ })
    t.match(error.message, email)
    t.notOk(
      error.message.includes(derivePassword(seedSecret, email)),
      'the password is in no message'
    )
  }
})

async function refusal (
  options: { authUrl: string, seedSecret: string },
  email = mara.email,
  signal = never
): Promise<{ code: string, message: string }> {
  return passwordAccounts(options).signIn({ email }, signal).then(
    () => ({ code: 'it signed in', message: '' }),
    (error: Error) => ({ code: codeOf(error), message: error.message })
  )
}

type Answer = (res: ServerResponse) => void
const json = (body: unknown, status = 200): Answer => res => {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
const signedIn = json({ token: 'tok', user: { id: 'u1' } })
const spaces = json([{ id: 's1', type: 'personal' }])

/** A sign-in service that answers as it is told. */
async function service (t: Test, login: Answer, list: Answer): Promise<string> {
  const server = createServer((req, res) => {
    req.resume()
    const answer = req.url === '/api/v1/auth/login'
      ? login
      : req.url === '/api/auth/organization/list'
      ? list
      : json({}, 404)
    answer(res)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('the answers of other sign-in services are understood', async t => {
  const cases: [
    what: string,
    login: unknown,
    list: unknown,
    account: { userId: string, spaceId: string }
  ][] = [
    [
      'as the sample app',
      { token: 'tok', user: { id: 'u1' } },
      [{ id: 's2', type: 'team' }, { id: 's1', type: 'personal' }],
      { userId: 'u1', spaceId: 's1' }
    ],
    [
      'other names',
      { accessToken: 'tok', userId: 'u2', user: null },
      { organizations: [{ id: 's1', metadata: { type: 'personal' } }, { id: 's2' }] },
      { userId: 'u2', spaceId: 's1' }
    ],
    ['the only space', { token: 'tok', userId: 'u3' }, [{ id: 's3' }], {
      userId: 'u3',
      spaceId: 's3'
    }],
    [
      'spaces that are none',
      { token: 'tok', userId: 'u4' },
      [null, 'x', { id: 5 }, { id: 's4', metadata: null }],
      { userId: 'u4', spaceId: 's4' }
    ]
  ]
  for (const [what, login, list, account] of cases) {
    const authUrl = await service(t, json(login), json(list))
    t.match(
      await passwordAccounts({ authUrl, seedSecret: SECRET }).signIn(mara, never),
      { ...account, headers: { authorization: 'Bearer tok' } },
      what
    )
  }
})

t.test('what keeps a persona from signing in gets the code that says what to do', async t => {
  const text = (body: string, status = 200): Answer => res => {
    res.writeHead(status, { 'content-type': 'text/html' }).end(body)
  }
  const cases: [what: string, login: Answer, list: Answer, code: string, said: RegExp][] = [
    ['refused', json({ error: 'no' }, 401), spaces, 'LOGIN_FAILED', /mara@personas\.test.*401/],
    ['forbidden', json({ error: 'no' }, 403), spaces, 'LOGIN_FAILED', /403/],
    ['no such route', text('<h1>Not found</h1>', 404), spaces, 'LOGIN_FAILED', /404/],
    ['500', text('oh', 500), spaces, 'AUTH_UNREACHABLE', /500/],
    ['503 of the space list', signedIn, text('oh', 503), 'AUTH_UNREACHABLE', /503/],
    ['a page', text('<html>'), spaces, 'LOGIN_FAILED', /did not answer with JSON/],
    ['nothing', text(''), spaces, 'LOGIN_FAILED', /did not answer with JSON/],
    ['JSON null', json(null), spaces, 'LOGIN_FAILED', /no "token"/],
    ['no token', json({ user: { id: 'u' } }), spaces, 'LOGIN_FAILED', /no "token"/],
    [
      'an empty token',
      json({ token: '', user: { id: 'u' } }),
      spaces,
      'LOGIN_FAILED',
      /no "token"/
    ],
    ['no user', json({ token: 'tok' }), spaces, 'LOGIN_FAILED', /"user\.id"/],
    ['the token is refused', signedIn, json({}, 401), 'LOGIN_FAILED', /401/],
    ['no spaces', signedIn, json([]), 'LOGIN_FAILED', /none of the 0 spaces.*"personal"/],
    [
      'no personal space',
      signedIn,
      json([{ id: 'a', type: 'team' }, { id: 'b', type: 'team' }]),
      'LOGIN_FAILED',
      /none of the 2 spaces/
    ],
    [
      'no list of spaces',
      signedIn,
      json({ organizations: 'x' }),
      'LOGIN_FAILED',
      /none of the 0 spaces/
    ],
    [
      'a redirect',
      res => {
        res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
      },
      spaces,
      'DIAL_REDIRECTED',
      /AUTH_URL/
    ],
    [
      'a reset',
      res => {
        res.socket?.resetAndDestroy()
      },
      spaces,
      'AUTH_UNREACHABLE',
      /AUTH_URL/
    ],
    [
      'half an answer',
      res => {
        res.writeHead(200, { 'content-length': '99' }).write('{')
        setImmediate(() => res.destroy())
      },
      spaces,
      'AUTH_UNREACHABLE',
      /AUTH_URL/
    ]
  ]
  for (const [what, login, list, code, said] of cases) {
    const authUrl = await service(t, login, list)
    const error = await refusal({ authUrl, seedSecret: SECRET })
    t.match(error, { code, message: said }, what)
    t.match(error.message, authUrl, 'it says where')
  }
})

t.test('where nobody listens, the sign-in service is unreachable', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  t.match(
    await refusal({ authUrl: `http://127.0.0.1:${port}`, seedSecret: SECRET }),
    { code: 'AUTH_UNREACHABLE', message: /ECONNREFUSED.*AUTH_URL/ }
  )
})

t.test('a sign-in that hangs ends with its run', async t => {
  const controller = new AbortController()
  const authUrl = await service(t, () => controller.abort(new Error('timeout')), spaces)
  t.match(await refusal({ authUrl, seedSecret: SECRET }, mara.email, controller.signal), {
    code: 'AUTH_UNREACHABLE'
  })
})

t.test('an app that knows no accounts asks for none', async t => {
  t.same(await noAccounts.signIn(mara, never), { headers: {}, userId: null, spaceId: null })
})
