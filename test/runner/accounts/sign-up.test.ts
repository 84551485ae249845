import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { derivePassword } from '../../../src/runner/accounts/password.ts'
import { saysItExists, signUp } from '../../../src/runner/accounts/sign-up.ts'
import { spellingsOf } from '../../../src/runner/accounts/spellings.ts'
import { dialOutsideProduction } from '../../../src/platform/dial/dialler.ts'
import { admin, PERSONA, SEED_SECRET, startTestApp } from '../../helpers/app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { startWorld } from '../../helpers/world.ts'

const PASSWORD = 'canary & "password"'

/** A sign-up that answers as it is told. */
let answer: { status: number, body: string, headers?: Record<string, string> }
const received: { method: string | undefined, url: string | undefined, body: unknown }[] = []
const service = createServer((req, res) => {
  let text = ''
  req.on('data', chunk => {
    text += chunk
  })
  req.on('end', () => {
    received.push({ method: req.method, url: req.url, body: text === '' ? null : JSON.parse(text) })
    res.writeHead(answer.status, answer.headers).end(answer.body)
  })
}).listen(0, '127.0.0.1')
await once(service, 'listening')
t.teardown(() => {
  service.closeAllConnections()
  service.close()
})
const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/api/auth/sign-up/email`
const ask = (at = url) =>
  signUp({
    dial: dialOutsideProduction('AUTH_URL'),
    url: at,
    setting: 'AUTH_SIGN_UP_PATH',
    email: PERSONA.email,
    name: 'Mara',
    password: PASSWORD
  }, AbortSignal.timeout(20_000))

t.test('what a service answers to a sign-up is told as what it means', async t => {
  const json = (status: number, body: object) => ({ status, body: JSON.stringify(body) })
  const cases: [what: string, answer: typeof answer, outcome: string, message?: RegExp][] = [
    ['Better Auth', json(200, { token: null, user: { id: 'u' } }), 'created'],
    ['created without a body', { status: 201, body: '' }, 'created'],
    [
      'Better Auth, taken',
      json(422, { code: 'USER_ALREADY_EXISTS', message: 'User already exists' }),
      'exists'
    ],
    [
      'Better Auth of 2025',
      json(422, {
        code: 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL',
        message: 'User already exists. Use another email.'
      }),
      'exists'
    ],
    ['a conflict', { status: 409, body: '' }, 'exists'],
    [
      'Supabase',
      json(422, { code: 422, error_code: 'user_already_exists', msg: 'User already registered' }),
      'exists'
    ],
    ['Firebase', json(400, { error: { code: 400, message: 'EMAIL_EXISTS' } }), 'exists'],
    ['Django', json(400, { email: ['user with this email address already exists.'] }), 'exists'],
    ['Laravel', json(422, { message: 'The email has already been taken.' }), 'exists'],
    ['German', { status: 400, body: 'Diese E-Mail-Adresse ist bereits registriert.' }, 'exists'],
    [
      'a weak password',
      json(400, { code: 'PASSWORD_TOO_SHORT', message: 'Password too short' }),
      'refused',
      /\(400: PASSWORD_TOO_SHORT, Password too short\)\. Mend what it says/
    ],
    [
      'closed',
      json(403, { message: 'Sign-up is by invitation only' }),
      'refused',
      /by invitation only/
    ],
    [
      'no such domain',
      json(400, { message: 'The domain of this email does not exist' }),
      'refused',
      /does not exist/
    ],
    [
      'a leaked password',
      json(400, { message: 'This password already appeared in a data breach' }),
      'refused'
    ],
    [
      'no such route',
      { status: 404, body: '<h1>Not Found</h1>' },
      'refused',
      /Is its sign-up elsewhere\? Set AUTH_SIGN_UP_PATH/
    ],
    ['not this way', { status: 405, body: '' }, 'refused', /\(405\)\. Is its sign-up elsewhere/],
    [
      'too many',
      { status: 429, body: 'slow down', headers: { 'x-retry-after': '7' } },
      'unanswered',
      /429: slow down.*Try again later/
    ],
    ['down', { status: 503, body: '' }, 'unanswered', /fails at/],
    [
      'moved',
      { status: 307, body: '', headers: { location: 'https://elsewhere.test/' } },
      'unanswered',
      /redirect.*Set AUTH_URL/
    ]
  ]
  for (const [what, told, outcome, message = /./] of cases) {
    answer = told
    t.match(await ask(), { outcome, message }, what)
  }
  t.same(received[0], {
    method: 'POST',
    url: '/api/auth/sign-up/email',
    body: { email: PERSONA.email, password: PASSWORD, name: 'Mara' }
  })
  t.match(await ask(`http://127.0.0.1:${await closedPort()}/x`), {
    outcome: 'unanswered',
    message: /does not answer.*ECONNREFUSED.*AUTH_URL/
  })
  answer = { status: 429, body: '', headers: { 'retry-after': '0' } }
  t.match(await ask(), { isTurnedAway: true, retryAfterMs: 0 })
  t.notOk(saysItExists(500, 'already exists'), 'a failure is no answer')
})

t.test('the words of a service never hold the password', async t => {
  for (const spelling of spellingsOf(PASSWORD)) {
    answer = { status: 400, body: `No: ${spelling}!` }
    t.match(await ask(), { outcome: 'refused', message: /No: \[secret\]!/ }, spelling)
  }
})

t.test('the admin route signs a persona up, with the password that it signs in with', async t => {
  const world = await startWorld(t, {
    env: { ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}` }
  })
  const post = async (payload: object, at = world.app) => {
    const { statusCode: status, body } = await at.inject({
      method: 'POST',
      url: '/api/v1/admin/personas',
      headers: admin,
      payload
    })
    return { status, body: JSON.parse(body) }
  }
  t.match(await post({ ...PERSONA, signUp: true }), {
    status: 201,
    body: { email: PERSONA.email, signUp: { outcome: 'created' } }
  })
  t.match(await post({ ...PERSONA, signUp: true }), {
    status: 200,
    body: { signUp: { outcome: 'exists', message: /USER_ALREADY_EXISTS/ } }
  })
  t.notOk('signUp' in (await post(PERSONA)).body, 'not asked for, not told')
  const own = { ...PERSONA, email: 'ben@personas.test', password: PASSWORD, signUp: true }
  t.match(await post(own), { status: 201, body: { signUp: { outcome: 'created' } } })
  t.match(await world.tick(), { due: 2, ranSuccessfully: 2 }, 'derived and own')

  const shop = {
    mcpUrl: world.sampleApp.mcpUrl,
    authUrl: world.sampleApp.url,
    accounts: 'password'
  }
  const put = (settings: object) =>
    world.app.inject({
      method: 'PUT',
      url: '/api/v1/admin/apps/shop',
      headers: admin,
      payload: settings
    })
  t.equal((await put(shop)).statusCode, 201)
  const inShop = { ...PERSONA, email: 'eve@personas.test', app: 'shop', signUp: true }
  t.match(await post(inShop), { status: 201, body: { signUp: { outcome: 'created' } } })
  const credentials = {
    email: inShop.email,
    password: derivePassword(SEED_SECRET, inShop.email, 'shop')
  }
  const signedIn = await fetch(`${world.sampleApp.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(credentials)
  })
  t.equal(signedIn.status, 200, 'each app has the password that is meant for it')
  t.equal((await put({ ...shop, authSignUpPath: '/join' })).statusCode, 200)
  t.match(await post(inShop), {
    body: {
      signUp: { outcome: 'refused', message: /\/join \(404.*authSignUpPath of the app "shop"/ }
    }
  })
  t.match((await put({ ...shop, authSignUpPath: 'join' })).json(), {
    code: 'BAD_REQUEST',
    message: /body\/authSignUpPath/
  })

  const bare = await startTestApp(t)
  t.match(await post({ ...PERSONA, signUp: true }, bare), {
    status: 201,
    body: {
      signUp: { outcome: 'not-tried', message: /"main" sign in by "none", not with passwords/ }
    }
  })
  t.match(await post({ ...PERSONA, signUp: 'yes' }, bare), {
    status: 400,
    body: { message: /body\/signUp must be boolean/ }
  })
})
