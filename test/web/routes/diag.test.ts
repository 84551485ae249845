import t from 'tap'
import { derivePassword } from '../../../src/runner/accounts/password.ts'
import { startSampleApp } from '../../../src/demo/sample-app/sample-app.ts'
import {
  admin,
  createPersona,
  SEED_SECRET,
  startTestApp,
  FIT_FOR_PRODUCTION
} from '../../helpers/app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { openTestDatabase } from '../../helpers/database.ts'

const database = await openTestDatabase(t)
const nowhere = `http://127.0.0.1:${await closedPort()}`
const keys = { ANTHROPIC_API_KEY: 'dummy', ANTHROPIC_BASE_URL: nowhere, MCP_URL: `${nowhere}/mcp` }
const sample = await startSampleApp()
t.teardown(() => sample.close())
const app = await startTestApp(t, {
  database,
  env: { ...keys, AUTH_URL: sample.url, PERSONA_SEED_SECRET: SEED_SECRET }
})
const off = await startTestApp(t, { database, env: { SERVICE_KEY: '' } })

t.test('a sign-in that works says as whom and into which space', async t => {
  const email = 'mara@personas.test'
  const { userId, spaceId } = sample.addAccount({
    email,
    password: derivePassword(SEED_SECRET, email),
    name: 'Mara',
    locale: 'de'
  })
  const response = await app.inject(`/diag/login?email=${email}`)
  t.equal(response.statusCode, 200)
  t.same(response.json(), { ok: true, email, userId, spaceId })
})

t.test('a sign-in that is refused says why, and never the password', async t => {
  const email = 'changed@personas.test'
  sample.addAccount({ email, password: 'changed by hand', name: 'C', locale: 'de' })
  for (const who of [email, 'nobody@personas.test']) {
    const response = await app.inject(`/diag/login?email=${who}`)
    t.match([response.statusCode, response.json()], [200, {
      ok: false,
      email: who,
      code: 'LOGIN_FAILED',
      error: /401/
    }])
    t.notOk(response.body.includes(derivePassword(SEED_SECRET, who)))
  }
  for (const query of ['', '?email=', '?email=mara', '?email=a@b.test&x=1']) {
    t.match(
      [
        (await app.inject(`/diag/login${query}`)).statusCode,
        (await app.inject(`/diag/login${query}`)).json().code
      ],
      [400, 'BAD_REQUEST'],
      query
    )
  }
})

t.test('a tick by hand waits for its runs and says who failed with what', async t => {
  const { email } = await createPersona(app)
  const response = await app.inject({ method: 'POST', url: '/diag/tick' })
  t.equal(response.statusCode, 200)
  t.match(
    response.json(),
    {
      due: 1,
      ranSuccessfully: 0,
      failed: [{ persona: email, error: /^DEFERRED until .*: MCP_UNREACHABLE: / }],
      durationMs: Number
    }
  )
  t.match(
    (await app.inject({ method: 'POST', url: '/diag/tick' })).json(),
    { due: 0, ranSuccessfully: 0, failed: [] },
    'who failed is not due again at once'
  )
})

t.test('a tick while the runner is paused does nothing and says so in zeros', async t => {
  await createPersona(app, { email: 'waiting@personas.test' })
  await app.inject({
    method: 'POST',
    url: '/api/v1/admin/runner',
    headers: admin,
    payload: { paused: true }
  })
  const { durationMs, ...zeros } = (await app.inject({ method: 'POST', url: '/diag/tick' })).json()
  t.same(zeros, { due: 0, ranSuccessfully: 0, failed: [] })
  t.ok(durationMs >= 0)
})

t.test('a tick without the keys is refused with the names of what is missing', async t => {
  const response = await off.inject({ method: 'POST', url: '/diag/tick' })
  t.match([response.statusCode, response.json()], [500, {
    code: 'RUNNER_OFF',
    message: /SERVICE_KEY and ANTHROPIC_API_KEY/
  }])
})

t.test('an app without accounts needs no sign-in, and a sign-in service that is down is named', async t => {
  const without = await startTestApp(t, { database: await openTestDatabase(t) })
  t.same(
    (await without.inject('/diag/login?email=a@b.test')).json(),
    { ok: true, email: 'a@b.test', userId: null, spaceId: null }
  )
  const down = await startTestApp(
    t,
    {
      database: await openTestDatabase(t),
      env: { AUTH_URL: nowhere, PERSONA_SEED_SECRET: SEED_SECRET }
    }
  )
  t.match((await down.inject('/diag/login?email=a@b.test')).json(), {
    ok: false,
    code: 'AUTH_UNREACHABLE',
    error: /AUTH_URL/
  })
})

t.test('in production there are no diagnostic routes', async t => {
  const env = { NODE_ENV: 'production', ...FIT_FOR_PRODUCTION, MCP_URL: `${nowhere}/mcp` }
  const production = await startTestApp(t, { database: await openTestDatabase(t), env })
  for (
    const [method, url] of [['GET', '/diag/login?email=a@b.test'], ['POST', '/diag/tick']] as const
  ) {
    t.match(
      [
        (await production.inject({ method, url })).statusCode,
        (await production.inject({ method, url })).json().code
      ],
      [404, 'ROUTE_NOT_FOUND']
    )
  }
  t.notOk(
    Object.keys((await production.inject('/docs/json')).json().paths).some(path =>
      path.startsWith('/diag')
    )
  )
})
