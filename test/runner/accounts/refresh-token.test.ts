import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import type { Accounts } from '../../../src/runner/accounts/account.ts'
import { refreshTokenAccounts } from '../../../src/runner/accounts/refresh-token.ts'
import { beginExchange, findSecret, findStatus } from '../../../src/runner/accounts/repository.ts'
import type { TokenEndpoint } from '../../../src/runner/accounts/token-endpoint.ts'
import { openTokens, storeAccount, type Vault } from '../../../src/runner/accounts/vault.ts'
import { openMcpToolbox } from '../../../src/runner/mcp/toolbox.ts'
import { startSampleApp } from '../../../src/demo/sample-app/sample-app.ts'
import { dialOutsideProduction } from '../../../src/platform/dial/dialler.ts'
import { upsertPersona } from '../../../src/personas/repository.ts'
import { PERSONA } from '../../helpers/app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { CLIENT, startOAuthServer, type OAuthServer } from '../../helpers/oauth-server.ts'

const { db } = await openTestDatabase(t)
const vault: Vault = { db, keys: [{ kid: 'k1', secret: randomBytes(32) }] }
const oauth = await startOAuthServer(t, { lifeMs: 300 })
const never = new AbortController().signal

/** As one process has it. */
function replica (server: Pick<OAuthServer, 'tokenUrl'> = oauth, own = vault): Accounts {
  const endpoint: TokenEndpoint = { url: server.tokenUrl, authMethod: 'client_secret_basic' }
  return refreshTokenAccounts({
    vault: own,
    dial: dialOutsideProduction('OAUTH_TOKEN_URL'),
    findEndpoint: async () => endpoint,
    client: CLIENT
  })
}

let count = 0
async function personaWithAccount (): Promise<{ id: string, email: string }> {
  const email = `p${++count}@personas.test`
  const { persona } = await upsertPersona(db, { ...PERSONA, email })
  await storeAccount(vault, persona.id, { refreshToken: oauth.grant(email) }, 'refresh-token')
  return { id: persona.id, email }
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'it signed in',
    (error: { code?: string, message: string }) => error.code ?? error.message
  )

t.test('however many ask at once in however many processes, no refresh token is presented twice', async t => {
  const personas = [
    await personaWithAccount(),
    await personaWithAccount(),
    await personaWithAccount()
  ]
  const replicas = [replica(), replica(), replica()]
  const lived = async (accounts: Accounts, persona: { email: string }) => {
    let account = await accounts.signIn(persona, never)
    // Three lives of a token, each renewed by whoever comes first.
    for (let life = 0; life < 3; life++) {
      await pause((account.renewAt ?? 0) - Date.now())
      account = await account.renew?.(never) ?? account
      t.equal(
        oauth.holders.get(account.headers.authorization?.slice(7) ?? ''),
        persona.email,
        'its own token'
      )
    }
  }
  await Promise.all(
    personas.flatMap(persona =>
      replicas.flatMap(accounts => [lived(accounts, persona), lived(accounts, persona)])
    )
  )
  t.equal(oauth.seen.twice, 0)
  t.ok(oauth.seen.exchanges >= 12, `${oauth.seen.exchanges} exchanges`)
  t.ok(
    oauth.seen.exchanges <= 18,
    `${oauth.seen.exchanges} exchanges: whoever waited took what the first one got`
  )
})

t.test('what a sign-in brought serves the next process, and a token that the app refuses is renewed at once', async t => {
  const persona = await personaWithAccount()
  const before = oauth.seen.exchanges
  const first = await replica().signIn(persona, never)
  const second = await replica().signIn(persona, never)
  t.same(first.headers, second.headers)
  t.equal(oauth.seen.exchanges, before + 1)
  const renewed = await second.renew?.(never)
  t.not(renewed?.headers.authorization, second.headers.authorization)
  t.same(
    (await first.renew?.(never))?.headers,
    renewed?.headers,
    'the other process need not ask again'
  )
  t.equal(oauth.seen.exchanges, before + 2)
  t.match(await findStatus(db, persona.id), {
    kind: 'refresh-token',
    renewedAt: /^\d{4}-/,
    unusable: null
  })
})

t.test('the new refresh token is stored although the run ends while it is on its way', async t => {
  const persona = await personaWithAccount()
  const run = new AbortController()
  const signIn = replica().signIn(persona, run.signal)
  const before = oauth.seen.exchanges
  while (oauth.seen.exchanges === before) await pause(2)
  run.abort(new Error('cancelled'))
  await signIn.catch(() => {})
  t.equal(await codeOf(replica().signIn(persona, never)), 'it signed in')
  t.equal(oauth.seen.twice, 0)
})

t.test('one that got lost on its way is never presented again, and a new one mends it', async t => {
  const persona = await personaWithAccount()
  oauth.cutNext = true
  const before = oauth.seen.exchanges
  await t.rejects(replica().signIn(persona, never), {
    code: 'AUTH_UNREACHABLE',
    outage: { service: 'app' }
  })
  for (let i = 0; i < 3; i++) {
    await t.rejects(replica().signIn(persona, never), {
      code: 'LOGIN_FAILED',
      message: /answer got lost.*PUT/,
      outage: undefined
    })
  }
  t.match(await findStatus(db, persona.id), { unusable: 'in-doubt' })
  t.equal(oauth.seen.exchanges, before + 1)
  await storeAccount(
    vault,
    persona.id,
    { refreshToken: oauth.grant(persona.email) },
    'refresh-token'
  )
  t.equal(await codeOf(replica().signIn(persona, never)), 'it signed in')
  t.equal(oauth.seen.twice, 0)
})

t.test('so is one that a process took along when it died', async t => {
  const persona = await personaWithAccount()
  const stored = await findSecret(db, persona.id)
  if (stored === undefined) throw new Error('nothing is stored')
  t.ok(await beginExchange(db, stored, '00000000-0000-4000-8000-000000000001'))
  t.notOk(await beginExchange(db, stored, '00000000-0000-4000-8000-000000000002'), 'one at a time')
  const waiting = codeOf(replica().signIn(persona, never))
  t.equal(await Promise.race([waiting, pause(250, 'waits')]), 'waits')
  await sql`UPDATE account_secrets SET exchange_until = now() - interval '1 second' WHERE persona_id = ${persona.id}`
    .execute(db)
  t.equal(await waiting, 'LOGIN_FAILED')
})

t.test('an outage of the token endpoint is one of the sign-in, and costs no refresh token', async t => {
  const persona = await personaWithAccount()
  const cases: [status: number, headers: Record<string, string>, outage: object][] = [
    [503, { 'retry-after': '7' }, { service: 'app', retryAfterMs: 7000 }],
    [500, {}, { service: 'app' }],
    [429, {}, { service: 'app' }]
  ]
  for (const [status, headers, outage] of cases) {
    oauth.instead = (_req, res) => {
      res.writeHead(status, headers).end('oh')
    }
    await t.rejects(
      replica().signIn(persona, never),
      { code: 'AUTH_UNREACHABLE', outage },
      String(status)
    )
  }
  oauth.instead = undefined
  await t.rejects(
    replica({ tokenUrl: `http://127.0.0.1:${await closedPort()}/token` }).signIn(persona, never),
    { code: 'AUTH_UNREACHABLE', outage: { service: 'app' } }
  )
  oauth.instead = (_req, res) => {
    res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
  }
  await t.rejects(replica().signIn(persona, never), { code: 'DIAL_REDIRECTED' })
  oauth.instead = (_req, res) => {
    res.writeHead(401).end('{"error":"invalid_client"}')
  }
  await t.rejects(replica().signIn(persona, never), {
    code: 'AUTH_UNREACHABLE',
    outage: { service: 'app' },
    message: /401, invalid_client.*OAUTH_CLIENT_ID/
  })
  oauth.instead = undefined
  t.match(await findStatus(db, persona.id), { unusable: null, renewedAt: null })
  t.equal(await codeOf(replica().signIn(persona, never)), 'it signed in')
})

t.test('where a token ends while its endpoint is out of order, the call waits for the sign-in and no module is blamed', async t => {
  const sampleApp = await startSampleApp({ requireAccounts: false })
  t.teardown(() => sampleApp.close())
  const guarded = await startOAuthServer(t, { lifeMs: 60_000, mcpUrl: sampleApp.mcpUrl })
  const { persona } = await upsertPersona(db, { ...PERSONA, email: 'waits@personas.test' })
  await storeAccount(vault, persona.id, { refreshToken: guarded.grant('waits') }, 'refresh-token')
  const account = await replica(guarded).signIn(persona, never)
  const toolbox = await openMcpToolbox({
    ...account,
    url: guarded.mcpUrl,
    trusted: false,
    callTimeoutMs: 5000
  }, never)
  const call = () => toolbox.call('todo.list', {}, { signal: never })
  t.match(await call(), { result: 'ok' })
  guarded.instead = (_req, res) => {
    res.writeHead(503).end()
  }
  guarded.endAccessTokens()
  await t.rejects(call(), { code: 'AUTH_UNREACHABLE', outage: { service: 'app' } })
  guarded.instead = undefined
  t.match(await call(), { result: 'ok' }, 'and goes out when that is over')
  t.equal(guarded.seen.twice, 0)
  await toolbox.close()
})

t.test('one that the app refuses is not presented again, and what the app says of it is not repeated', async t => {
  const { persona } = await upsertPersona(db, { ...PERSONA, email: 'refused@personas.test' })
  await storeAccount(vault, persona.id, { refreshToken: 'canary-unknown-token' }, 'refresh-token')
  const before = oauth.seen.exchanges
  for (let i = 0; i < 2; i++) {
    const error: Error = await replica().signIn(persona, never).then(
      () => new Error('it signed in'),
      error => error
    )
    t.match(error, { code: 'LOGIN_FAILED', message: /refused/ })
    t.notMatch(error.message, /canary/)
  }
  t.equal(oauth.seen.exchanges, before + 1)
})

t.test('a server that does not rotate keeps the one it has', async t => {
  const persona = await personaWithAccount()
  const { refreshToken } = openTokens(vault, await findSecret(db, persona.id) ?? never as never)
  oauth.instead = (_req, res) => {
    res.end(JSON.stringify({ access_token: 'a-token', expires_in: '3600' }))
  }
  const askedAt = Date.now()
  const account = await replica().signIn(persona, never)
  oauth.instead = undefined
  t.match(account, { headers: { authorization: 'Bearer a-token' } })
  const gotAt = (account.renewAt ?? 0) - 3_540_000
  t.ok(gotAt >= askedAt && gotAt <= Date.now(), 'renewed a minute before its end')
  t.same(openTokens(vault, await findSecret(db, persona.id) ?? never as never), {
    refreshToken,
    accessToken: 'a-token'
  })
})

t.test('whoever has no refresh token, or no key to open it, is told so', async t => {
  await upsertPersona(db, { ...PERSONA, email: 'without@personas.test' })
  await t.rejects(replica().signIn({ email: 'without@personas.test' }, never), {
    code: 'LOGIN_FAILED',
    message: /No refresh token/
  })
  const persona = await personaWithAccount()
  await t.rejects(replica(oauth, { db, keys: [] }).signIn(persona, never), {
    code: 'SECRET_KEY_UNKNOWN'
  })
})
