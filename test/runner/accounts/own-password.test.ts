import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { passwordAccounts } from '../../../src/runner/accounts/login.ts'
import { derivePassword } from '../../../src/runner/accounts/password.ts'
import { spellingsOf } from '../../../src/runner/accounts/spellings.ts'
import { rotateBatch, storeAccount, type Vault } from '../../../src/runner/accounts/vault.ts'
import { upsertPersona } from '../../../src/personas/repository.ts'
import { admin, PERSONA, SEED_SECRET, startTestApp } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { startWorld } from '../../helpers/world.ts'

const key = (kid: string) => ({ kid, secret: randomBytes(32) })
const listed = (...keys: ReturnType<typeof key>[]) =>
  keys.map(({ kid, secret }) => `${kid}:${secret.toString('base64')}`).join()
const [k1, k2] = [key('k1'), key('k2')]
const OWN = 'canary "own" pässword/&+'

const world = await startWorld(t, { env: { ENCRYPTION_KEYS: listed(k1) } })
const { app, sampleApp } = world
const ask = async (
  method: 'GET' | 'POST' | 'DELETE' | 'PUT',
  path: string,
  payload?: object,
  at = app
) => {
  const answer = await at.inject({
    method,
    url: `/api/v1/admin/personas${path}`,
    headers: admin,
    ...(payload !== undefined && { payload })
  })
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() }
}
const login = async (email: string) => (await app.inject(`/diag/login?email=${email}`)).json()
const setInApp = (email: string, password: string) =>
  sampleApp.addAccount({ email, password, name: 'P', locale: 'de' })

t.afterEach(async () => {
  await app.database.db.deleteFrom('personas').execute()
})

t.test('a persona lives its day with the password that was given for it, and it is kept by an update without one', async t => {
  setInApp(PERSONA.email, OWN)
  const created = await ask('POST', '', { ...PERSONA, password: OWN })
  t.equal(created.status, 201)
  t.notMatch(JSON.stringify(created), /canary/)
  const { id } = created.body
  t.match(await ask('GET', `/${id}/account`), {
    status: 200,
    body: { kind: 'password', setAt: String, renewedAt: null, unusable: null }
  })
  t.match(await login(PERSONA.email), { ok: true })
  t.match(await ask('POST', '', { ...PERSONA, name: 'Mara K.' }), {
    status: 200,
    body: { name: 'Mara K.' }
  })
  t.match(await login(PERSONA.email), { ok: true }, 'kept')
  t.match(await world.tick(), { due: 1, ranSuccessfully: 1 })

  setInApp(PERSONA.email, 'another-password')
  t.match(await login(PERSONA.email), {
    ok: false,
    code: 'LOGIN_FAILED',
    error: /401.*password that is stored for it.*PUT/
  })
  t.equal((await ask('POST', '', { ...PERSONA, password: 'another-password' })).status, 200)
  t.match(await login(PERSONA.email), { ok: true }, 'replaced')
  t.equal((await ask('PUT', `/${id}/account`, { password: 'a-third-password' })).status, 204)
  t.match(await login(PERSONA.email), { ok: false }, 'and by the route of accounts, too')

  setInApp(PERSONA.email, derivePassword(SEED_SECRET, PERSONA.email))
  t.equal((await ask('DELETE', `/${id}/account`)).status, 204)
  t.match(await login(PERSONA.email), { ok: true }, 'forgotten: the derived one holds again')
})

t.test('a password that cannot be kept is refused by the name of its field, and nothing is created', async t => {
  const cases: [
    what: string,
    env: Record<string, string>,
    password: string,
    status: number,
    message: RegExp
  ][] = [
    ['too short', {}, 'canary7', 400, /body\/password must NOT have fewer than 8 characters/],
    [
      'no key to encrypt with',
      { AUTH_URL: sampleApp.url, PERSONA_SEED_SECRET: SEED_SECRET },
      OWN,
      409,
      /body\/password is a secret.*ENCRYPTION_KEYS is not set.*openssl rand -base64 32.*Or leave body\/password out/
    ],
    [
      'no accounts',
      { ENCRYPTION_KEYS: listed(k1) },
      OWN,
      409,
      /body\/password is for.*"none".*Leave body\/password out, or have/
    ],
    [
      'headers',
      { ENCRYPTION_KEYS: listed(k1), ACCOUNTS: 'headers' },
      OWN,
      409,
      /body\/password is for.*"headers" \(ACCOUNTS.*takes "headers" or "bearer"/
    ]
  ]
  for (const [what, env, password, status, message] of cases) {
    const at = await startTestApp(t, { env })
    const answer = await ask('POST', '', { ...PERSONA, password }, at)
    t.match(answer, { status, body: { message } }, what)
    t.notMatch(JSON.stringify(answer), /canary/, what)
    t.same(await at.database.db.selectFrom('personas').selectAll().execute(), [], what)
  }
  t.match(await ask('POST', '', { ...PERSONA, password: OWN, app: 'nowhere' }), {
    status: 400,
    body: { message: /body\/app.*"nowhere"/ }
  })
  t.match(await ask('POST', '', { ...PERSONA, password: OWN, timeZone: 'Mars/Olympus' }), {
    status: 400
  })
  t.same(await app.database.db.selectFrom('account_secrets').selectAll().execute(), [])
})

t.test('a change of the key takes passwords along', async t => {
  setInApp(PERSONA.email, OWN)
  await ask('POST', '', { ...PERSONA, password: OWN })
  t.equal(await rotateBatch({ db: app.database.db, keys: [k2, k1] }), 1)
  t.match(
    await login(PERSONA.email),
    { ok: false, code: 'SECRET_KEY_UNKNOWN', error: /"k2"/ },
    'without the new key nobody guesses another password'
  )
  const accounts = passwordAccounts({
    authUrl: sampleApp.url,
    seedSecret: SEED_SECRET,
    vault: { db: app.database.db, keys: [k2] }
  })
  t.ok((await accounts.signIn({ email: PERSONA.email }, AbortSignal.timeout(20_000))).userId)
})

t.test('whatever spelling a sign-in service repeats a password in, no message has it', async t => {
  const { db } = await openTestDatabase(t)
  const vault: Vault = { db, keys: [k1] }
  const { persona } = await upsertPersona(db, PERSONA)
  await storeAccount(vault, persona.id, { password: OWN }, 'password')
  const spellings = spellingsOf(OWN)
  t.ok(spellings.length >= 8, spellings.join('\n'))
  let said = ''
  const service = createServer((req, res) => {
    req.resume()
    res.writeHead(401, { 'content-type': 'text/plain' }).end(said)
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  t.teardown(() => {
    service.closeAllConnections()
    service.close()
  })
  const authUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const accounts = passwordAccounts({ authUrl, seedSecret: SEED_SECRET, vault })
  for (const spelling of spellings) {
    said = `Wrong: ${spelling} is no password`
    const error = await accounts.signIn(persona, AbortSignal.timeout(20_000)).catch((
      error: Error
    ) => error)
    t.match(error, { code: 'LOGIN_FAILED', message: /Wrong: \[secret\] is no password/ }, spelling)
  }
})
