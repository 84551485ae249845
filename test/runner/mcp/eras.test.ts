import t from 'tap'
import type { Test } from 'tap'
import { openMcpToolbox, type McpOptions } from '../../../src/runner/mcp/toolbox.ts'
import type { Toolbox } from '../../../src/runner/tools/toolbox.ts'
import { codeOf } from '../../../src/platform/errors.ts'
import { startMcpFaultServer, type Handler } from '../../helpers/mcp-fault-server.ts'
import { ADD, startStatelessServer } from '../../helpers/stateless-server.ts'

const never = new AbortController().signal
const QUICK = { backOffMs: [1, 2, 4, 8], resumeGraceMs: 50 }

async function open (t: Test, url: string, options: Partial<McpOptions> = {}): Promise<Toolbox> {
  const toolbox = await openMcpToolbox({
    url,
    headers: {},
    callTimeoutMs: 20_000,
    trusted: true,
    limits: QUICK,
    ...options
  }, never)
  t.teardown(() => toolbox.close())
  return toolbox
}

const call = (toolbox: Toolbox, input: Record<string, unknown> = {}, name = 'todo.create') =>
  toolbox.call(name, input, { signal: never })

async function refusal (url: string): Promise<{ code: string, message: string }> {
  const opening = openMcpToolbox({
    url,
    headers: {},
    callTimeoutMs: 1000,
    trusted: true,
    limits: QUICK
  }, never)
  return opening.then(
    () => ({ code: 'it opened', message: '' }),
    (error: Error) => ({ code: codeOf(error), message: error.message })
  )
}

t.test('a server of 2026-07-28 alone is spoken to without a session, all in each request', async t => {
  const server = await startStatelessServer(t)
  const toolbox = await open(t, server.url, { headers: { 'x-mana-space': 'space_1' } })
  t.match(toolbox, {
    era: 'stateless',
    protocolVersion: '2026-07-28',
    serverInfo: { name: 'stateless', version: '2.0.0' }
  })
  t.match(await call(toolbox, { title: 'x' }), { result: 'ok', text: 'done' })
  await toolbox.close()
  t.same(server.received.map(({ method }) => method), [
    'server/discover',
    'tools/list',
    'tools/call'
  ], 'nothing else is sent')
  const { headers, params } = server.received[2] ?? {}
  t.match(headers, {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'todo.create',
    'x-mana-space': 'space_1'
  })
  t.match(params, {
    arguments: { title: 'x' },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'persona-runner' }
    }
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
  const third = await startMcpFaultServer(t, {
    port,
    keepAlive,
    on: { 'tools/call': needsSession, 'tools/list': needsSession }
  })
  t.match(await call(upgraded), { result: 'ok' })
  t.equal(upgraded.era, 'session')
  t.match(await open(t, first.url), { era: 'session' })

  await third.close()
  await startStatelessServer(t, { port, keepAlive })
  t.match(await open(t, first.url), { era: 'stateless' }, 'and a run that begins')
})

/** As servers with sessions answer who has none. */
const needsSession: Handler = ({ message, req, http, result }) => {
  const lacks = {
    jsonrpc: '2.0',
    id: null,
    error: { code: -32000, message: 'Bad Request: Server not initialized' }
  }
  if (req.headers['mcp-session-id'] === undefined) {
    return http(400, JSON.stringify(lacks), 'application/json')
  }
  result(message.method === 'tools/list' ? { tools: [ADD] } : { content: [] })
}

t.test('a run that begins after an app went back to sessions finds that out', async t => {
  const server = await startStatelessServer(t, { keepAlive: false })
  await open(t, server.url)
  await server.close()
  const before = await startMcpFaultServer(t, {
    port: portOf(server.url),
    on: { 'tools/list': needsSession }
  })
  t.match(await open(t, server.url), { era: 'session' })
  t.equal(before.count('server/discover'), 1)
})

t.test('a server that answers initialize with 2026-07-28 is taken at what it does', async t => {
  const initialize: Handler = ({ res, result }) => {
    res.setHeader('mcp-session-id', 's1')
    result({
      protocolVersion: '2026-07-28',
      capabilities: { tools: {} },
      serverInfo: { name: 'x', version: '1' }
    })
  }
  const server = await startMcpFaultServer(t, { on: { initialize } })
  const toolbox = await open(t, server.url)
  t.match(toolbox, { era: 'session' })
  t.match(await call(toolbox), { result: 'ok', text: 'done' })
  const refusing = await startMcpFaultServer(t, {
    on: {
      initialize: ({ message, http }) =>
        http(
          400,
          JSON.stringify({
            jsonrpc: '2.0',
            id: message.id,
            error: {
              code: -32022,
              message: 'Unsupported protocol version',
              data: { supported: ['2026-07-28'], requested: '2025-11-25' }
            }
          }),
          'application/json'
        )
    }
  })
  t.match(
    await open(t, refusing.url),
    { era: 'stateless' },
    'one that takes no other, and does not tell what it can'
  )
})

t.test('a server of a version that nobody knows is told of with both versions', async t => {
  const initialize = (protocolVersion: string): Handler => ({ result }) =>
    result({ protocolVersion, capabilities: {}, serverInfo: { name: 'x', version: '1' } })
  const supported = { supported: ['2031-01-01'], requested: '2026-07-28' }
  const cases: Record<string, Record<string, Handler>> = {
    'answered to initialize': { initialize: initialize('2031-01-01') },
    'told of when asked': {
      'server/discover': ({ message, http }) =>
        http(
          400,
          JSON.stringify({
            jsonrpc: '2.0',
            id: message.id,
            error: { code: -32022, message: 'No', data: supported }
          }),
          'application/json'
        )
    }
  }
  for (const [what, on] of Object.entries(cases)) {
    const { url } = await startMcpFaultServer(t, { on })
    const { code, message } = await refusal(url)
    t.equal(code, 'MCP_UNREACHABLE', what)
    t.match(
      message,
      /speaks protocol version 2031-01-01 of MCP, and the runner speaks 2026-07-28, 2025-11-25/
    )
  }
})

t.test('tools and results of 2026-07-28 are read one by one', async t => {
  const odd = [{ name: 5 }, null, { ...ADD, inputSchema: undefined, name: 'no.schema' }, ADD]
  const server = await startMcpFaultServer(t, {
    on: {
      'server/discover': ({ result }) =>
        result({
          resultType: 'complete',
          supportedVersions: ['2026-07-28'],
          capabilities: { tools: {} },
          ttlMs: 0,
          cacheScope: 'private'
        }),
      'tools/list': ({ result }) => result({ resultType: 'complete', tools: odd }),
      'tools/call': ({ message, result }) =>
        result(
          message.params?.name === 'no.schema'
            ? { content: [{ type: 'hologram' }, { type: 'text', text: 'kept' }] }
            : { resultType: 'unheard_of' }
        )
    }
  })
  const toolbox = await open(t, server.url)
  t.same(toolbox.tools.map(({ name }) => name), ['no.schema', 'todo.create'])
  t.match(
    await call(toolbox, {}, 'no.schema'),
    { result: 'ok', text: 'kept' },
    'also without a resultType'
  )
  t.match(await call(toolbox), { result: 'unknown', errorMessage: /unheard_of/ })
})

const discover: Handler = ({ result }) =>
  result({
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: { listChanged: true } },
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'secretive', version: '1' } }
  })
const complete = (text: string) => ({ resultType: 'complete', content: [{ type: 'text', text }] })

/** A server of 2026-07-28 that works but for its tool calls. */
async function openFaulty (
  t: Test,
  onCall: Handler,
  options: Partial<McpOptions> = {},
  on: Record<string, Handler> = {}
) {
  const server = await startMcpFaultServer(t, {
    on: { 'server/discover': discover, 'tools/call': onCall, ...on }
  })
  return { server, toolbox: await open(t, server.url, options) }
}

t.test('without sessions, too, an effect happens at most once and a lost answer is unknown', async t => {
  const cases: [what: string, handler: Handler, outcome: object][] = [
    ['a reset', ({ req }) => {
      req.socket.resetAndDestroy()
    }, { result: 'unknown' }],
    ['500', ({ http }) => http(500), { result: 'unknown', errorMessage: /broke off.*500/ }],
    ['a stream that ends', ({ stream }) => stream().end(), {
      result: 'unknown',
      errorMessage: 'the answer broke off'
    }],
    ['a stream with ids that ends', ({ stream }) => {
      const pen = stream()
      pen.raw('id: 1\ndata:\n\n')
      pen.end()
    }, { result: 'unknown', errorMessage: 'the answer broke off' }],
    ['an error in a refusal', ({ message, http }) =>
      http(
        400,
        JSON.stringify({
          jsonrpc: '2.0',
          id: message.id,
          error: { code: -32602, message: 'Invalid params' }
        }),
        'application/json'
      ), { result: 'error', errorMessage: /-32602.*Invalid params/, blame: 'persona' }],
    ['401', ({ http }) => http(401), { result: 'error', blame: 'account' }],
    ['too much', ({ result }) => result(complete('x'.repeat(1_100_000))), {
      result: 'error',
      errorMessage: /too large/
    }],
    ['too much on a stream', ({ stream }) => stream().result(complete('x'.repeat(1_100_000))), {
      result: 'error',
      errorMessage: /too large/
    }]
  ]
  for (const [what, handler, outcome] of cases) {
    const { server, toolbox } = await openFaulty(t, handler)
    t.match(await call(toolbox), outcome, what)
    t.equal(server.count('tools/call'), 1, what)
    t.equal(
      server.received.filter(({ method }) => method === 'GET' || method === 'DELETE').length,
      0,
      'nothing of sessions is asked'
    )
  }
})

t.test('no answer in time leaves a call of 2026-07-28 unknown, which its connection tells the app; progress gives it more', async t => {
  let closed: Promise<unknown> = Promise.resolve()
  const { server, toolbox } = await openFaulty(t, ({ res }) => {
    closed = new Promise(resolve => res.once('close', resolve))
  }, { callTimeoutMs: 100 })
  t.match(await call(toolbox), { result: 'unknown', errorMessage: 'no answer in time' })
  await closed
  t.equal(server.count('notifications/cancelled'), 0)
  const slow = await openFaulty(t, ({ message, stream }) => {
    const pen = stream()
    let n = 0
    const timer = setInterval(() => {
      const { progressToken } = (message.params?._meta ?? {}) as { progressToken?: number }
      pen.message({ method: 'notifications/progress', params: { progressToken, progress: ++n } })
      if (n === 6) {
        clearInterval(timer)
        pen.result(complete('finally'))
        pen.end()
      }
    }, 250)
  }, { callTimeoutMs: 1000 })
  t.match(await call(slow.toolbox), { result: 'ok', text: 'finally' })
})

t.test('what a tool of 2026-07-28 asks its user is answered from its defaults, else cancelled', async t => {
  const form = (schema: object) => ({
    resultType: 'input_required',
    requestState: 'state-1',
    inputRequests: {
      who: {
        method: 'elicitation/create',
        params: { mode: 'form', message: 'Who?', requestedSchema: { type: 'object', ...schema } }
      }
    }
  })
  const asks = (question: object): Handler => ({ message, result }) =>
    result(
      message.params?.inputResponses === undefined
        ? question
        : complete(JSON.stringify(message.params.inputResponses))
    )
  const withDefault = await openFaulty(
    t,
    asks(form({ properties: { name: { type: 'string', default: 'Mara' } } }))
  )
  t.match(await call(withDefault.toolbox, { title: 'x' }), {
    result: 'ok',
    text: '{"who":{"action":"accept","content":{"name":"Mara"}}}'
  })
  t.match(withDefault.server.received.at(-1)?.params, {
    requestState: 'state-1',
    arguments: { title: 'x' }
  })
  const insists = await openFaulty(
    t,
    asks(form({ properties: { name: { type: 'string' } }, required: ['name'] }))
  )
  t.match(await call(insists.toolbox), { result: 'ok', text: '{"who":{"action":"cancel"}}' })
  const samples = await openFaulty(
    t,
    asks({
      resultType: 'input_required',
      inputRequests: {
        x: { method: 'sampling/createMessage', params: { messages: [], maxTokens: 10 } }
      }
    })
  )
  t.match(await call(samples.toolbox), {
    result: 'error',
    errorMessage: /asks its user/,
    blame: 'harness'
  })
  t.equal(samples.server.count('tools/call'), 1)
  const endless = await openFaulty(t, ({ result }) => result(form({ properties: {} })))
  t.match(await call(endless.toolbox), {
    result: 'error',
    errorMessage: /asks its user/,
    blame: 'harness'
  })
  t.ok(endless.server.count('tools/call') <= 12, 'and not for ever')
})

t.test('tools of 2026-07-28 that change in the middle of a run are listed anew, by one stream that may fail', async t => {
  const tools = [ADD]
  const server = await startStatelessServer(t, {
    listChanged: true,
    serve: server => {
      server.setRequestHandler('tools/list', () => ({ tools: [...tools] }))
      server.setRequestHandler('tools/call', () => ({ content: [] }))
    }
  })
  const toolbox = await open(t, server.url)
  while (server.count('subscriptions/listen') === 0) {
    await new Promise(resolve => setImmediate(resolve))
  }
  await toolbox.refresh(never)
  t.equal(server.count('tools/list'), 1, 'not without a reason')
  tools.push({ ...ADD, name: 'todo.drop' })
  while (toolbox.tools.length === 1) {
    await new Promise(resolve => setImmediate(resolve))
    server.handler.notify.toolsChanged()
    await toolbox.refresh(never)
  }
  t.same(toolbox.tools.map(({ name }) => name), ['todo.create', 'todo.drop'])
  t.equal(server.count('subscriptions/listen'), 1)

  for (
    const listen of [
      ({ http }) => http(500),
      ({ rpcError }) => rpcError(-32603, 'Subscription limit reached'),
      ({ stream }) => stream().end()
    ] as Handler[]
  ) {
    const failing = await openFaulty(t, ({ result }) => result(complete('fine')), {}, {
      'subscriptions/listen': listen
    })
    t.match(await call(failing.toolbox), { result: 'ok', text: 'fine' })
    t.match(await call(failing.toolbox), { result: 'ok', text: 'fine' })
    t.equal(failing.server.count('subscriptions/listen'), 1, 'and is not asked for again')
  }
})

t.test('a tool of 2026-07-28 that wants an argument in a header gets it there, too', async t => {
  const inputSchema = {
    type: 'object',
    properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, note: { type: 'string' } }
  }
  let header: unknown
  const { toolbox } = await openFaulty(
    t,
    ({ req, result }) => {
      header = req.headers['mcp-param-region']
      result({
        ...complete('done'),
        content: [{ type: 'hologram' }, { type: 'text', text: 'done' }]
      })
    },
    {},
    {
      'tools/list': ({ result }) =>
        result({ resultType: 'complete', tools: [{ ...ADD, inputSchema }] })
    }
  )
  t.match(await call(toolbox, { region: 'eu', note: 'x' }), { result: 'ok', text: 'done' })
  t.equal(header, 'eu')
})

t.test('what a persona signs in with is hidden in whatever an app of 2026-07-28 says', async t => {
  const secrets = ['secret-token', 'secretive']
  const { toolbox } = await openFaulty(
    t,
    ({ result }) => result({ ...complete('secret-token'), structuredContent: { a: 1 } }),
    { secrets }
  )
  t.match(await call(toolbox), { text: '[secret]' })
  t.match(toolbox.serverInfo, { name: '[secret]' })
  const refusing = await openFaulty(t, ({ http }) => http(400, 'no secret-token here'), { secrets })
  t.notMatch(JSON.stringify(await call(refusing.toolbox)), /secret-token/)
})
