import { randomBytes } from 'node:crypto'
import t from 'tap'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'

const database = await openTestDatabase(t)
const ENCRYPTION_KEYS = `k1:${randomBytes(32).toString('base64')}`
const OAUTH = { OAUTH_CLIENT_ID: 'runner', OAUTH_TOKEN_URL: 'http://127.0.0.1:1/token' }
const start = (env: Record<string, string>) => startTestApp(t, { database, env })
const app = await start({ ACCOUNTS: 'headers', ENCRYPTION_KEYS })
const persona = await createPersona(app)

const ask = (
  method: 'GET' | 'PUT' | 'DELETE',
  payload?: object,
  { at = app, id = persona.id } = {}
) =>
  at.inject({
    method,
    url: `/api/v1/admin/personas/${id}/account`,
    headers: admin,
    ...(payload !== undefined && { payload })
  })

t.test('an account goes in, tells of which kind it is, and never comes out', async t => {
  t.match((await ask('GET')).json(), { code: 'ACCOUNT_NOT_FOUND' })
  const put = await ask('PUT', { bearer: 'canary-bearer' })
  t.match(put, { statusCode: 204, body: '' })
  const status = await ask('GET')
  t.strictSame(Object.keys(status.json()), ['kind', 'setAt', 'renewedAt', 'unusable'])
  t.match(status.json(), { kind: 'headers', setAt: /^\d{4}-/, renewedAt: null, unusable: null })
  const { rows } = await database.executeSql('SELECT * FROM account_secrets')
  t.notMatch(
    JSON.stringify(rows) + status.body,
    /canary|Y2FuYXJ5/,
    'nor does it stand in the database'
  )
  t.equal(
    (await ask('PUT', { headers: { 'X-Api-Key': 'canary-key' } })).statusCode,
    204,
    'it may be replaced'
  )
  t.equal((await ask('DELETE')).statusCode, 204)
  t.match((await ask('DELETE')).json(), { code: 'ACCOUNT_NOT_FOUND' })
  t.match((await ask('GET', undefined, { id: 'nobody' })).json(), { code: 'PERSONA_NOT_FOUND' })
  t.match((await ask('PUT', { bearer: 'canary-bearer' }, { id: 'nobody' })).json(), {
    code: 'PERSONA_NOT_FOUND'
  })
})

t.test('what no header can hold, or belongs to the connection, is refused and not repeated', async t => {
  const bodies = [
    {},
    { bearer: '' },
    { bearer: 'canary\nx: y' },
    { bearer: 'canary ü' },
    { bearer: 'canary', extra: 1 },
    { headers: {} },
    { headers: { 'a b': 'canary' } },
    { headers: { Host: 'canary' } },
    { headers: { 'content-length': 'canary' } },
    { headers: { 'Mcp-Session-Id': 'canary' } },
    { headers: { a: 'canary\r\nb: c' } },
    { bearer: 'canary', refreshToken: 'canary' },
    { bearer: `canary${'x'.repeat(4000)}` }
  ]
  for (const body of bodies) {
    const answer = await ask('PUT', body)
    t.match(answer.json(), { code: 'BAD_REQUEST' }, JSON.stringify(body).slice(0, 60))
    t.notMatch(answer.body, 'canary')
  }
})

t.test('without a key to encrypt with nothing is stored, and the answer says how to make one', async t => {
  const bare = await start({ ACCOUNTS: 'headers' })
  const answer = await ask('PUT', { bearer: 'canary-bearer' }, { at: bare })
  t.match(answer, { statusCode: 409 })
  t.match(answer.json(), {
    code: 'ENCRYPTION_OFF',
    message: /ENCRYPTION_KEYS.*openssl rand -base64 32/
  })
  t.same((await database.executeSql('SELECT * FROM account_secrets')).rows, [])
})

t.test('an account of another kind than the app has is refused, and the kind it takes is named', async t => {
  t.match((await ask('PUT', { refreshToken: 'canary' })).json(), {
    code: 'ACCOUNT_KIND',
    message: /"headers".*"bearer"/
  })
  const tokens = await start({ ACCOUNTS: 'refresh-token', ENCRYPTION_KEYS, ...OAUTH })
  t.match((await ask('PUT', { bearer: 'canary' }, { at: tokens })).json(), {
    code: 'ACCOUNT_KIND',
    message: /refreshToken/
  })
  t.equal((await ask('PUT', { refreshToken: 'canary' }, { at: tokens })).statusCode, 204)
  const none = await start({})
  t.match((await ask('PUT', { bearer: 'canary' }, { at: none })).json(), {
    code: 'ACCOUNT_KIND',
    message: /"none"/
  })
  t.equal((await ask('DELETE')).statusCode, 204, 'what is left of another kind can be taken away')
})

t.test('an account goes with its persona', async t => {
  const { id } = await createPersona(app, { email: 'gone@personas.test' })
  t.equal((await ask('PUT', { bearer: 'canary' }, { id })).statusCode, 204)
  t.equal(
    (await app.inject({ method: 'DELETE', url: `/api/v1/admin/personas/${id}`, headers: admin }))
      .statusCode,
    204
  )
  t.same((await database.executeSql('SELECT * FROM account_secrets')).rows, [])
})
