import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createDialler, type Resolve } from '../../../src/platform/dial/dialler.ts'
import { toPrivateHosts } from '../../../src/platform/dial/private-hosts.ts'
import { codeOf } from '../../../src/platform/errors.ts'
import { clientCredentialAccounts } from '../../../src/runner/accounts/client-credentials.ts'
import { discoverEndpoint } from '../../../src/runner/accounts/oauth-discovery.ts'
import { startCountingListener } from '../../helpers/counting-listener.ts'
import { SPELLINGS } from '../../platform/dial/spellings.ts'

/** An app in production whose metadata sends the runner, and the client's secret, elsewhere. */

const APP = 'app.personas.test'
const inside: Resolve = (_host, answer) => {
  queueMicrotask(() => answer(null, [{ address: '127.0.0.1', family: 4 }]))
}
const dialler = createDialler(
  { privateHosts: toPrivateHosts([APP]), internalAllowed: false },
  inside
)
t.teardown(() => dialler.close())

const said = { server: '', tokenUrl: '' }
let asked = 0
const app = createServer((req, res) => {
  asked++
  const origin = `http://${APP}:${(app.address() as AddressInfo).port}`
  const answer = req.url?.includes('oauth-protected-resource') === true
    ? { resource: `${origin}/mcp`, authorization_servers: [said.server || origin] }
    : {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: said.tokenUrl,
      response_types_supported: ['code'],
      grant_types_supported: ['client_credentials']
    }
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify(answer))
})
await new Promise<void>(resolve => {
  app.listen(0, '127.0.0.1', resolve)
})
t.teardown(() => app.close())
const { port } = app.address() as AddressInfo

/** The code that a sign-in ends with. */
async function signIn (): Promise<string> {
  const client = { id: 'runner', secret: 'canary-secret' }
  const dial = dialler.dialFor('MCP_URL')
  const mcpUrl = `http://${APP}:${port}/mcp`
  const findEndpoint = discoverEndpoint({ mcpUrl, dial, client })
  const accounts = clientCredentialAccounts({ dial, client, findEndpoint })
  const persona = { email: 'mara@personas.test' }
  return accounts.signIn(persona, new AbortController().signal).then(
    () => 'signed in',
    (error: Error) => {
      if (error.message.includes('canary')) return 'the secret is in the message'
      return codeOf(error)
    }
  )
}

t.test('no spelling of an internal address is dialled as the token endpoint', async t => {
  const listener = await startCountingListener(t)
  for (const host of SPELLINGS) {
    for (const scheme of ['https', 'http']) {
      Object.assign(said, { server: '', tokenUrl: `${scheme}://${host}:${listener.port}/token` })
      t.match(await signIn(), /^(DIAL_FORBIDDEN|LOGIN_FAILED|AUTH_UNREACHABLE)$/, said.tokenUrl)
    }
  }
  t.equal(listener.connections, 0)
  t.ok(asked >= SPELLINGS.length, 'the app was asked each time')
})

t.test('no spelling of an internal address is dialled as the authorization server', async t => {
  const listener = await startCountingListener(t)
  for (const host of SPELLINGS) {
    for (const scheme of ['https', 'http']) {
      const server = `${scheme}://${host}:${listener.port}`
      Object.assign(said, { server, tokenUrl: `${server}/token` })
      t.match(await signIn(), /^(DIAL_FORBIDDEN|LOGIN_FAILED|AUTH_UNREACHABLE)$/, server)
    }
  }
  t.equal(listener.connections, 0)
})

t.test('the same app is signed in to where its metadata names itself', async t => {
  Object.assign(said, { server: '', tokenUrl: `http://${APP}:${port}/token` })
  const before = asked
  t.equal(await signIn(), 'LOGIN_FAILED', 'metadata is no token')
  t.equal(asked - before, 3, 'resource, server and token endpoint')
})
