import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { randomBytes, randomUUID } from 'node:crypto'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import t from 'tap'
import { storeAccount } from '../../../src/runner/accounts/vault.ts'
import { putApp } from '../../../src/runner/apps/repository.ts'
import { upsertPersona } from '../../../src/personas/repository.ts'
import { PERSONA, SEED_SECRET } from '../../helpers/app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { filledStore, findings, look, startServices } from '../../helpers/doctor.ts'
import { addAccount } from '../../helpers/world.ts'

/** What the doctor says of apps: reachable, tools, sign-in, sessions, clock. */

const services = await startServices(t)
const store = await filledStore(t)
const offline = { asksModel: false }
const closed = await closedPort()
const env = { ...services.env, ...store }

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

async function serve (
  t: Teardown,
  handler: (req: IncomingMessage, res: ServerResponse) => unknown
): Promise<string> {
  const server = createServer((req, res) => {
    handler(req, res)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

/** An MCP server of the official SDK, with sessions. */
function mcpServer (
  add: (server: McpServer) => void
): { server: McpServer, transport: StreamableHTTPServerTransport } {
  const server = new McpServer({ name: 'shop', version: '2.0.0' })
  add(server)
  return {
    server,
    transport: new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID })
  }
}

const text = (text: string, isError = false) => ({
  content: [{ type: 'text' as const, text }],
  isError
})

t.test('tools are told by module, with what is set aside, why, and the line that allows it', async t => {
  const url = await serveSessions(t, server => {
    for (const name of ['cart.list', 'cart.add', 'order.list', 'order.delete']) {
      server.registerTool(name, {}, () => text('fine'))
    }
  })
  const report = await look({ ...env, MCP_URL: url }, offline)
  t.match(findings(report, 'app'), [{
    status: 'ok',
    says: /shop 2\.0\.0, MCP 20\d\d-\d\d-\d\d with sessions/
  }])
  t.match(findings(report, 'tools'), [{
    status: 'ok',
    says: /cart 2, order 1; about \d+ tokens; set aside: order\.delete \(its name says "delete"\)/,
    todo: /TOOL_ALLOW=order\.delete/
  }])
  t.match(report.apps, [{
    name: 'main',
    modules: { cart: ['cart.add', 'cart.list'], order: ['order.list'] },
    setAside: [{ name: 'order.delete' }]
  }])
  t.equal(report.ok, true)
})

t.test('no tool that is left, and a list that leaves no room for a day, are red', async t => {
  const nothing = await look({ ...env, TOOL_POLICY: 'deny' }, offline)
  t.match(findings(nothing, 'tools'), [{
    status: 'failed',
    says: /no tool is left/,
    todo: /TOOL_ALLOW=/
  }])
  const large = await look({ ...env, MAX_INPUT_TOKENS: '2000' }, offline)
  t.match(findings(large, 'tools'), [{
    status: 'failed',
    says: /more than a third of MAX_INPUT_TOKENS \(2000\)/,
    todo: /TOOL_DENY/
  }])
})

t.test('an app that is not there is red, and the others are looked at; --app looks at one', async t => {
  const two = await filledStore(
    t,
    db => putApp(db, 'gone', { mcpUrl: `http://127.0.0.1:${closed}/mcp` }, null)
  )
  const report = await look({ ...env, ...two }, offline)
  t.match(findings(report, 'app'), [{ app: 'main', status: 'ok' }, {
    app: 'gone',
    status: 'failed',
    says: /ECONNREFUSED/,
    todo: /mcpUrl/
  }])
  t.equal(report.ok, false)
  const one = await look({ ...env, ...two }, { ...offline, app: 'main' })
  t.same(one.apps.map(({ name }) => name), ['main'])
  t.equal(one.ok, true)
  t.match(findings(await look({ ...env, ...two }, { ...offline, app: 'nope' }), 'app'), [{
    status: 'failed',
    says: /No app has the name "nope"/
  }])
})

t.test('one persona signs in: green, refused, or nobody to do it', async t => {
  const { sampleApp, env: keys } = await startServices(t, { requireAccounts: true })
  const accounts = { ...keys, AUTH_URL: sampleApp.url, PERSONA_SEED_SECRET: SEED_SECRET }
  t.match(findings(await look({ ...accounts, ...store }, offline), 'sign-in'), [{
    status: 'not_checked',
    says: 'no personas: npm run seed:personas'
  }])
  const cast = await filledStore(t, db => upsertPersona(db, PERSONA))
  const refused = await look({ ...accounts, ...cast }, offline)
  t.match(findings(refused, 'sign-in'), [{
    status: 'failed',
    says: /Sign-in of mara@personas\.test is refused/,
    todo: /README/
  }])
  t.match(findings(refused, 'app'), [{ status: 'not_checked', says: /answers \(401\)/ }])
  const elsewhere = await look({ ...accounts, ...cast, MCP_URL: `${sampleApp.url}/mpc` }, offline)
  t.match(findings(elsewhere, 'app'), [{
    status: 'failed',
    says: /nothing is there \(404\)/,
    todo: /MCP_URL/
  }])
  addAccount(sampleApp, PERSONA.email)
  const report = await look({ ...accounts, ...cast }, offline)
  t.match(findings(report, 'sign-in'), [{
    status: 'ok',
    says: 'mara@personas.test signs in (password)'
  }])
  t.match(findings(report, 'app'), [{ status: 'ok' }])
  t.notMatch(JSON.stringify(report), SEED_SECRET)
})

t.test('one persona of each kind of account signs in: a derived password and one of its own, stored headers', async t => {
  const { sampleApp, env: keys } = await startServices(t, { requireAccounts: true })
  const key = { kid: 'k1', secret: randomBytes(32) }
  const cast = await filledStore(t, async db => {
    await upsertPersona(db, PERSONA)
    const { persona } = await upsertPersona(db, { ...PERSONA, email: 'zoe@personas.test' })
    await storeAccount({ db, keys: [key] }, persona.id, { password: 'own-password' }, 'password')
  })
  addAccount(sampleApp, PERSONA.email)
  const secrets = {
    ENCRYPTION_KEYS: `k1:${key.secret.toString('base64')}`,
    PERSONA_SEED_SECRET: SEED_SECRET
  }
  const accounts = { ...keys, ...cast, ...secrets, AUTH_URL: sampleApp.url }
  const refused = await look(accounts, offline)
  t.match(findings(refused, 'sign-in'), [{ status: 'ok' }, {
    status: 'failed',
    says: /zoe@personas\.test/
  }])
  t.match(findings(refused, 'app'), [{ status: 'ok' }], 'whoever got in looks at the app')
  sampleApp.addAccount({
    email: 'zoe@personas.test',
    password: 'own-password',
    name: 'Zoe',
    locale: 'de'
  })
  const report = await look(accounts, offline)
  t.match(findings(report, 'sign-in'), [
    { status: 'ok', says: 'mara@personas.test signs in (password)' },
    { status: 'ok', says: 'zoe@personas.test signs in (a password of its own)' }
  ])
  t.notMatch(JSON.stringify(report), 'own-password')

  const headers = { ...env, ...secrets, ACCOUNTS: 'headers' }
  const none = await filledStore(t, db => upsertPersona(db, PERSONA))
  t.match(findings(await look({ ...headers, ...none }, offline), 'sign-in'), [{
    status: 'failed',
    says: /mara@personas\.test/
  }])
  const stored = await filledStore(t, async db => {
    const { persona } = await upsertPersona(db, PERSONA)
    await storeAccount({ db, keys: [key] }, persona.id, { bearer: 'a-token-for-mara' }, 'headers')
  })
  t.match(findings(await look({ ...headers, ...stored }, offline), 'sign-in'), [{
    status: 'ok',
    says: 'mara@personas.test signs in (headers)'
  }])
})

t.test('an app that serves one session only is red, however it shows', async t => {
  const { server, transport } = mcpServer(server => {
    server.registerTool('page.list', {}, () => text('fine'))
  })
  await server.connect(transport)
  const refusing = await serve(t, (req, res) => transport.handleRequest(req, res))
  const refused = await look({ ...env, MCP_URL: refusing }, offline)
  t.match(findings(refused, 'sessions'), [{
    status: 'failed',
    says: /one session at a time: the second is refused/,
    todo: /--isolated/
  }])

  let holder: McpServer | undefined
  const busy = await serveSessions(t, server => {
    server.registerTool('page.list', {}, () => {
      holder ??= server
      return holder === server
        ? text('fine')
        : text('Browser is already in use, use --isolated', true)
    })
  })
  const failing = await look({ ...env, MCP_URL: busy }, offline)
  t.match(findings(failing, 'sessions'), [{
    status: 'failed',
    says: /page\.list answers: Browser is already in use/
  }])
  t.match(findings(await look(env, offline), 'sessions'), [{
    status: 'ok',
    says: /was called in both/
  }])
})

t.test('a clock that is apart from ours is red', async t => {
  const { server, transport } = mcpServer(server => {
    server.registerTool('page.list', {}, () => text('fine'))
  })
  await server.connect(transport)
  const url = await serve(t, (req, res) => {
    if (req.method !== 'HEAD') return transport.handleRequest(req, res)
    res.writeHead(405, { date: new Date(Date.now() - 3_600_000).toUTCString() }).end()
  })
  t.match(findings(await look({ ...env, MCP_URL: url }, offline), 'clock'), [
    {
      status: 'failed',
      says:
        /the database agrees, the app main is 3,\d+ seconds behind this machine \(tolerance 10 s\)/,
      todo: /NTP/
    }
  ])
})

async function serveSessions (t: Teardown, add: (server: McpServer) => void): Promise<string> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  return serve(t, async (req, res) => {
    const known = sessions.get(String(req.headers['mcp-session-id']))
    if (known !== undefined) return known.handleRequest(req, res)
    const { server, transport } = mcpServer(add)
    await server.connect(transport)
    await transport.handleRequest(req, res)
    if (transport.sessionId !== undefined) sessions.set(transport.sessionId, transport)
  })
}

t.test('tools stand under the modules that earlier runs have stored', async t => {
  const url = await serveSessions(t, server => {
    server.registerTool('list_boxes', {}, () => text('fine'))
  })
  const kept = await filledStore(t, db =>
    db.insertInto('known_tools').values({
      tool_name: 'list_boxes',
      module: 'crates',
      derived_module: 'crates'
    }).execute())
  const { apps } = await look({ ...services.env, ...kept, MCP_URL: url, ACCOUNTS: 'none' }, offline)
  t.same(apps[0]?.modules, { crates: ['list_boxes'] })
})

t.test("the clock of the model's API is looked at, unless it may not be asked", async t => {
  const url = await serve(t, (_req, res) => {
    res.writeHead(404, { date: new Date(Date.now() + 3_600_000).toUTCString() }).end()
  })
  const late = { ...env, ANTHROPIC_BASE_URL: url.replace('/mcp', '') }
  t.match(findings(await look(late), 'clock'), [{
    status: 'failed',
    says: /the model's API is 3,\d+ seconds ahead of this machine/
  }])
  t.notMatch(findings(await look(late, offline), 'clock')[0]?.says, /model/)
})
