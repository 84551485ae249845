import t from 'tap'
import { clientCredentialAccounts } from '../../../src/runner/accounts/client-credentials.ts'
import { discoverEndpoint } from '../../../src/runner/accounts/oauth-discovery.ts'
import { dialOutsideProduction } from '../../../src/platform/dial/dialler.ts'
import { startSampleApp } from '../../../src/demo/sample-app/sample-app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { CLIENT, startOAuthServer } from '../../helpers/oauth-server.ts'

const never = new AbortController().signal
const dial = dialOutsideProduction('MCP_URL')
const accountsAt = (mcpUrl: string, client = CLIENT) =>
  clientCredentialAccounts({
    dial,
    client,
    findEndpoint: discoverEndpoint({ mcpUrl, dial, client })
  })
const mara = { email: 'mara@personas.test' }

t.test('each persona gets a token of its own from where the MCP server says, and another one in time', async t => {
  const oauth = await startOAuthServer(t, { lifeMs: 90_000 })
  const accounts = accountsAt(oauth.mcpUrl)
  const askedAt = Date.now()
  const [first, same, other] = await Promise.all(
    [mara, mara, { email: 'ben@personas.test' }].map(persona => accounts.signIn(persona, never))
  )
  t.equal(first?.headers.authorization, same?.headers.authorization, 'asked for once')
  t.not(first?.headers.authorization, other?.headers.authorization)
  const gotAt = (first?.renewAt ?? 0) - 45_000
  t.ok(gotAt >= askedAt && gotAt <= Date.now(), 'after half its life')
  const renewed = await first?.renew?.(never)
  t.not(renewed?.headers.authorization, first?.headers.authorization)
  t.equal(oauth.holders.size, 3)
})

t.test('a client that the app does not know is an outage for all, told with the settings to check, and its secret is in no message', async t => {
  const oauth = await startOAuthServer(t, { lifeMs: 2000 })
  const error: Error = await accountsAt(oauth.mcpUrl, { id: 'runner', secret: 'canary-wrong' })
    .signIn(mara, never).then(() => new Error(), error => error)
  t.match(error, {
    code: 'AUTH_UNREACHABLE',
    outage: { service: 'app' },
    message: /401, invalid_client.*OAUTH_CLIENT_SECRET/
  })
  t.notMatch(error.message, 'canary')
})

t.test('an app that names a token endpoint of somebody else over plain HTTP does not get the secret', async t => {
  const thief = await startOAuthServer(t, { lifeMs: 2000 })
  let asked = 0
  thief.instead = (_req, res) => {
    asked++
    res.end('{}')
  }
  const oauth = await startOAuthServer(t, {
    lifeMs: 2000,
    namedTokenUrl: thief.tokenUrl.replace('127.0.0.1', 'localhost')
  })
  await t.rejects(accountsAt(oauth.mcpUrl).signIn(mara, never), {
    code: 'LOGIN_FAILED',
    message: /neither https nor at the app/
  })
  t.equal(asked, 0)
})

t.test('an app that is not there is an outage, and one that says nothing is not', async t => {
  await t.rejects(accountsAt(`http://127.0.0.1:${await closedPort()}/mcp`).signIn(mara, never), {
    code: 'AUTH_UNREACHABLE',
    outage: { service: 'app' }
  })
  const silent = await startSampleApp()
  t.teardown(() => silent.close())
  await t.rejects(accountsAt(silent.mcpUrl).signIn(mara, never), {
    code: 'LOGIN_FAILED',
    outage: undefined,
    message: /tells nothing.*OAUTH_TOKEN_URL/
  })
})
