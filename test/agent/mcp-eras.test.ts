import t from 'tap'
import type { Test } from 'tap'
import { openMcpToolbox, type McpOptions } from '../../src/agent/mcp-toolbox.ts'
import type { Toolbox } from '../../src/agent/toolbox.ts'
import { codeOf } from '../../src/errors.ts'
import { startMcpFaultServer, type Handler } from '../helpers/mcp-fault-server.ts'
import { ADD, startStatelessServer } from '../helpers/stateless-server.ts'

const never = new AbortController().signal
const QUICK = { backOffMs: [1, 2, 4, 8], resumeGraceMs: 50 }

async function open (t: Test, url: string, options: Partial<McpOptions> = {}): Promise<Toolbox> {
  const toolbox = await openMcpToolbox({ url, headers: {}, callTimeoutMs: 20_000, trusted: true, limits: QUICK, ...options }, never)
  t.teardown(() => toolbox.close())
  return toolbox
}

const call = (toolbox: Toolbox, input: Record<string, unknown> = {}, name = 'todo.create') => toolbox.call(name, input, { signal: never })

async function refusal (url: string): Promise<{ code: string, message: string }> {
  const opening = openMcpToolbox({ url, headers: {}, callTimeoutMs: 1000, trusted: true, limits: QUICK }, never)
  return opening.then(() => ({ code: 'it opened', message: '' }), (error: Error) => ({ code: codeOf(error), message: error.message }))
}

t.test('a server of 2026-07-28 alone is spoken to without a session, all in each request', async t => {
  const server = await startStatelessServer(t)
  const toolbox = await open(t, server.url, { headers: { 'x-mana-space': 'space_1' } })
  t.match(toolbox, { era: 'stateless', protocolVersion: '2026-07-28', serverInfo: { name: 'stateless', version: '2.0.0' } })
  t.match(await call(toolbox, { title: 'x' }), { result: 'ok', text: 'done' })
  await toolbox.close()
  t.same(server.received.map(({ method }) => method), ['server/discover', 'tools/list', 'tools/call'], 'nothing else is sent')
  const { headers, params } = server.received[2] ?? {}
  t.match(headers, {
    'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'todo.create', 'x-mana-space': 'space_1'
  })
  t.match(params, {
    arguments: { title: 'x' },
    _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 'persona-runner' } }
  })
  t.equal(headers?.['mcp-session-id'], undefined)
})

t.test('a server that speaks both is spoken to in the newer', async t => {
  const server = await startStatelessServer(t, { legacy: 'stateless' })
  t.match(await open(t, server.url), { era: 'stateless' })
  t.equal(server.count('initialize'), 0)
})

t.test('the era of an app is asked for once in a process', async t => {
  const stateless = await startStatelessServer(t)
  const before = await startMcpFaultServer(t)
  for (let i = 0; i < 3; i++) {
    await open(t, stateless.url)
    await open(t, before.url)
  }
  t.equal(stateless.count('server/discover'), 1)
  t.equal(stateless.count('tools/list'), 3)
  t.equal(before.count('server/discover'), 1)
  t.equal(before.count('initialize'), 3)
})

const portOf = (url: string) => Number(new URL(url).port)

t.test('an app that was brought up to 2026-07-28 or back is spoken to in its new era, also in the middle of a run', async t => {
  const keepAlive = false
  const first = await startMcpFaultServer(t, { keepAlive })
  const upgraded = await open(t, first.url)
  t.equal(upgraded.era, 'session')
  await first.close()
  const port = portOf(first.url)
  const second = await startStatelessServer(t, { port, keepAlive })
  t.match(await call(upgraded), { result: 'ok', text: 'done' }, 'a call under way goes on')
  t.equal(upgraded.era, 'stateless')
  t.equal(second.count('tools/call'), 2, 'refused before it acted, and sent again')
  t.match(await open(t, first.url), { era: 'stateless' })

  await second.close()
  const third = await startMcpFaultServer(t, { port, keepAlive, on: { 'tools/call': needsSession, 'tools/list': needsSession } })
  t.match(await call(upgraded), { result: 'ok' })
  t.equal(upgraded.era, 'session')
  t.match(await open(t, first.url), { era: 'session' })

  await third.close()
  await startStatelessServer(t, { port, keepAlive })
  t.match(await open(t, first.url), { era: 'stateless' }, 'and a run that begins')
})

/** As servers with sessions answer who has none. */
const needsSession: Handler = ({ message, req, http, result }) => {
  const lacks = { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'Bad Request: Server not initialized' } }
  if (req.headers['mcp-session-id'] === undefined) return http(400, JSON.stringify(lacks), 'application/json')
  result(message.method === 'tools/list' ? { tools: [ADD] } : { content: [] })
}

t.test('a run that begins after an app went back to sessions finds that out', async t => {
  const server = await startStatelessServer(t, { keepAlive: false })
  await open(t, server.url)
  await server.close()
  const before = await startMcpFaultServer(t, { port: portOf(server.url), on: { 'tools/list': needsSession } })
  t.match(await open(t, server.url), { era: 'session' })
  t.equal(before.count('server/discover'), 1)
})

t.test('a server that answers initialize with 2026-07-28 is taken at what it does', async t => {
  const initialize: Handler = ({ res, result }) => {
    res.setHeader('mcp-session-id', 's1')
    result({ protocolVersion: '2026-07-28', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } })
  }
  const server = await startMcpFaultServer(t, { on: { initialize } })
  const toolbox = await open(t, server.url)
  t.match(toolbox, { era: 'session' })
  t.match(await call(toolbox), { result: 'ok', text: 'done' })
  const refusing = await startMcpFaultServer(t, {
    on: {
      initialize: ({ message, http }) => http(400, JSON.stringify({
        jsonrpc: '2.0', id: message.id, error: { code: -32022, message: 'Unsupported protocol version', data: { supported: ['2026-07-28'], requested: '2025-11-25' } }
      }), 'application/json')
    }
  })
  t.match(await open(t, refusing.url), { era: 'stateless' }, 'one that takes no other, and does not tell what it can')
})

t.test('a server of a version that nobody knows is told of with both versions', async t => {
  const initialize = (protocolVersion: string): Handler => ({ result }) =>
    result({ protocolVersion, capabilities: {}, serverInfo: { name: 'x', version: '1' } })
  const supported = { supported: ['2031-01-01'], requested: '2026-07-28' }
  const cases: Record<string, Record<string, Handler>> = {
    'answered to initialize': { initialize: initialize('2031-01-01') },
    'told of when asked': {
      'server/discover': ({ message, http }) => http(
        400, JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code: -32022, message: 'No', data: supported } }), 'application/json'
      )
    }
  }
  for (const [what, on] of Object.entries(cases)) {
    const { url } = await startMcpFaultServer(t, { on })
    const { code, message } = await refusal(url)
    t.equal(code, 'MCP_UNREACHABLE', what)
    t.match(message, /speaks protocol version 2031-01-01 of MCP, and the runner speaks 2026-07-28, 2025-11-25/)
  }
})

t.test('tools and results of 2026-07-28 are read one by one', async t => {
  const odd = [{ name: 5 }, null, { ...ADD, inputSchema: undefined, name: 'no.schema' }, ADD]
  const server = await startMcpFaultServer(t, {
    on: {
      'server/discover': ({ result }) => result({
        resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ttlMs: 0, cacheScope: 'private'
      }),
      'tools/list': ({ result }) => result({ resultType: 'complete', tools: odd }),
      'tools/call': ({ message, result }) => result(message.params?.name === 'no.schema'
        ? { content: [{ type: 'hologram' }, { type: 'text', text: 'kept' }] }
        : { resultType: 'unheard_of' })
    }
  })
  const toolbox = await open(t, server.url)
  t.same(toolbox.tools.map(({ name }) => name), ['no.schema', 'todo.create'])
  t.match(await call(toolbox, {}, 'no.schema'), { result: 'ok', text: 'kept' }, 'also without a resultType')
  t.match(await call(toolbox), { result: 'unknown', errorMessage: /unheard_of/ })
})
