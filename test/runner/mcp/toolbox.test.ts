import t from 'tap'
import type { Test } from 'tap'
import { MCP_LIMITS, openMcpToolbox, type McpOptions } from '../../../src/runner/mcp/toolbox.ts'
import type { Toolbox } from '../../../src/runner/tools/toolbox.ts'
import { dialOutsideProduction } from '../../../src/platform/dial/dialler.ts'
import { startSampleApp } from '../../../src/demo/sample-app/sample-app.ts'
import { codeOf } from '../../../src/platform/errors.ts'
import {
  startMcpFaultServer,
  TOOL,
  type Exchange,
  type FaultServer,
  type Handler
} from '../../helpers/mcp-fault-server.ts'

const never = new AbortController().signal

async function open (t: Test, url: string, options: Partial<McpOptions> = {}): Promise<Toolbox> {
  const toolbox = await openMcpToolbox({
    url,
    headers: {},
    callTimeoutMs: 20_000,
    trusted: true,
    ...options
  }, never)
  t.teardown(() => toolbox.close())
  return toolbox
}

/** A server that works but for its tool calls. */
async function openFaulty (
  t: Test,
  onCall: Handler,
  options: Partial<McpOptions> = {},
  on: Record<string, Handler> = {}
) {
  const server = await startMcpFaultServer(t, { on: { 'tools/call': onCall, ...on } })
  return { server, toolbox: await open(t, server.url, options) }
}

const call = (toolbox: Toolbox, input: Record<string, unknown> = {}, name = 'todo.create') =>
  toolbox.call(name, input, { signal: never })
const content = (...blocks: unknown[]) => ({ content: blocks })
const said = (text: string) => content({ type: 'text', text })

/** The code of the error that opening has to fail with, and its words. */
async function refusal (
  url: string,
  options: Partial<McpOptions> = {}
): Promise<{ code: string, message: string }> {
  const opening = openMcpToolbox({
    url,
    headers: {},
    callTimeoutMs: 1000,
    trusted: true,
    ...options
  }, never)
  return opening.then(
    () => ({ code: 'it opened', message: '' }),
    (error: Error) => ({ code: codeOf(error), message: error.message })
  )
}

t.test('a persona uses the sample app with its own headers', async t => {
  const app = await startSampleApp()
  t.teardown(() => app.close())
  const { spaceId } = app.addAccount({
    email: 'a@example.org',
    password: 'p',
    name: 'A',
    locale: 'de'
  })
  const login = await fetch(`${app.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'a@example.org', password: 'p' })
  })
  const { token } = await login.json() as { token: string }
  const headers = { authorization: `Bearer ${token}`, 'x-mana-space': spaceId }
  const toolbox = await open(t, app.mcpUrl, { headers })
  t.ok(toolbox.tools.length > 20)
  t.match(
    toolbox.tools.find(tool => tool.name === 'todo.create'),
    { description: /todo/, inputSchema: { type: 'object' }, repeatable: false }
  )
  t.match(toolbox.tools.find(tool => tool.name === 'todo.list'), { repeatable: true })
  t.match(
    await call(toolbox, { title: 'Milch' }),
    { result: 'ok', text: /"title":"Milch"/, errorMessage: null, latencyMs: Number }
  )
  t.match(await call(toolbox, { title: '' }), {
    result: 'error',
    text: /not valid/,
    errorMessage: /not valid/
  })
  t.match(await call(toolbox, {}, 'todo.unknown'), {
    result: 'error',
    errorMessage: /-32602.*Unknown tool/
  })
  t.same(app.effects('a@example.org'), { 'todo.create': 1 })
  const untrusted = await open(t, app.mcpUrl, { headers, trusted: false })
  t.notOk(
    untrusted.tools.some(tool => tool.repeatable),
    'hints of a server that is not trusted count for nothing'
  )
  t.equal(
    app.requests['notifications/cancelled'],
    undefined,
    'nothing that was answered is cancelled'
  )

  t.match(await refusal(app.mcpUrl), { code: 'MCP_UNAUTHORIZED', message: /401/ })
  t.match(
    await refusal(app.mcpUrl, { headers: { ...headers, 'x-mana-space': 'space_other' } }),
    { code: 'MCP_UNAUTHORIZED', message: /403/ }
  )
})

const named = (name: string, rest: object = {}) => ({ ...TOOL, name, ...rest })

/** Pages of tools; `next` names the cursor that each page points to. */
function paged (pages: { tools: unknown[], next?: string | undefined }[]): Handler {
  return ({ message, result }) => {
    const index = Number(message.params?.cursor ?? 0)
    const { tools = [], next } = pages[index] ?? {}
    result({ tools, nextCursor: next })
  }
}

t.test('all pages of tools are read, and a cursor that repeats ends the list', async t => {
  const cases: [
    what: string,
    pages: Parameters<typeof paged>[0],
    names: string[],
    requests: number
  ][] = [
    [
      'three pages',
      [{ tools: [named('a')], next: '1' }, { tools: [named('b')], next: '2' }, {
        tools: [named('c')]
      }],
      ['a', 'b', 'c'],
      3
    ],
    ['an empty page', [{ tools: [], next: '1' }, { tools: [named('b')] }], ['b'], 2],
    [
      'a cursor that points to itself',
      [{ tools: [named('a')], next: '1' }, { tools: [named('b')], next: '1' }],
      ['a', 'b'],
      2
    ],
    ['a circle', [{ tools: [named('a')], next: '1' }, { tools: [named('b')], next: '0' }], [
      'a',
      'b'
    ], 3],
    [
      'a name twice',
      [{ tools: [named('a', { description: 'first' })], next: '1' }, { tools: [named('a')] }],
      ['a'],
      2
    ]
  ]
  for (const [what, pages, names, requests] of cases) {
    const server = await startMcpFaultServer(t, { on: { 'tools/list': paged(pages) } })
    const { tools } = await open(t, server.url)
    t.same(tools.map(tool => tool.name), names, what)
    t.equal(server.count('tools/list'), requests)
  }
  let page = 0
  const endless = await startMcpFaultServer(
    t,
    {
      on: {
        'tools/list': ({ result }) =>
          result({ tools: [named(`t${page}`)], nextCursor: String(++page) })
      }
    }
  )
  t.equal((await open(t, endless.url)).tools.length, 50, 'a list without an end has one here')
})

t.test('a malformed tool does not take the others along', async t => {
  const deep = JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) as object
  const bad = [
    null,
    'todo',
    5,
    {},
    { name: 5 },
    named(''),
    named('x'.repeat(129)),
    named('todo\u0000create'),
    named('todo\ncreate'),
    named('todo\u202ecreate'),
    named('todo.report', { execution: { taskSupport: 'required' } }),
    named('list', { inputSchema: [] }),
    named('text', { inputSchema: 'object' }),
    named('string', { inputSchema: { type: 'string' } }),
    named('deep', { inputSchema: deep }),
    named('huge', { inputSchema: { type: 'object', description: 'x'.repeat(200_000) } })
  ]
  const odd = [
    named('null', { inputSchema: null }),
    named('no.schema', { inputSchema: undefined }),
    named('no.type', { inputSchema: { properties: {} } }),
    named('no.description', { description: 5 }),
    named('union', { inputSchema: { type: 'object', oneOf: [{ required: ['a'] }] } }),
    named('hints', { annotations: null }),
    named('long', { description: 'ä'.repeat(9000) }),
    named('unclean', {
      description: 'a\u0000b',
      inputSchema: { type: 'object', description: 'c\u0000d' }
    })
  ]
  const server = await startMcpFaultServer(t, { tools: [TOOL, ...bad, ...odd, named('last')] })
  const { tools, setAside } = await open(t, server.url)
  t.equal(setAside.length, bad.length, 'each is listed with its reason')
  t.match(setAside.filter(({ name }) => name.startsWith('todo')), [
    { name: 'todo\\u0000create', reason: 'name_unusable' },
    { name: 'todo\\ncreate', reason: 'name_unusable' },
    { name: 'todo\\u202ecreate', reason: 'name_unusable' },
    { name: 'todo.report', reason: 'needs_task' }
  ])
  t.same(
    tools.map(tool => tool.name),
    [
      'todo.create',
      'null',
      'no.schema',
      'no.type',
      'no.description',
      'union',
      'hints',
      'long',
      'unclean',
      'last'
    ]
  )
  const by = new Map(tools.map(tool => [tool.name, tool]))
  t.same(
    by.get('union')?.inputSchema,
    { type: 'object', additionalProperties: true },
    'what the model may not be given becomes any object'
  )
  t.match([...by.values()].map(tool => tool.inputSchema), tools.map(() => ({ type: 'object' })))
  t.equal(by.get('long')?.description.length, 4000)
  t.match(by.get('unclean'), { description: 'ab', inputSchema: { description: 'cd' } })
  t.match(by.get('hints'), { repeatable: false })
})

t.test('an app without a tool is said to have none, and one without a usable tool says why', async t => {
  const server = await startMcpFaultServer(t, { tools: [] })
  t.match(await refusal(server.url), { code: 'MCP_NO_TOOLS', message: new RegExp(server.url) })
  t.equal(server.count('DELETE'), 1, 'and its session is ended')
  const unusable = await open(t, (await startMcpFaultServer(t, { tools: [null] })).url)
  t.same([unusable.tools, unusable.setAside], [[], [{
    name: '',
    reason: 'name_unusable',
    why: 'it has no name'
  }]])
  const strange = await startMcpFaultServer(t, {
    on: { 'tools/list': ({ result }) => result({ tools: 'none' }) }
  })
  t.match(await refusal(strange.url), { code: 'MCP_NO_TOOLS' })
})

t.test('what keeps an app from being opened gets the code that says what to do', async t => {
  const status = (code: number): Handler => ({ http }) => http(code, 'no')
  const silent: Handler = () => {}
  const impatient = { connectTimeoutMs: 100, listTimeoutMs: 100 }
  const cases: [what: string, on: Record<string, Handler>, code: string, said: RegExp][] = [
    ['401', { initialize: status(401) }, 'MCP_UNAUTHORIZED', /401.*account/],
    ['403', { initialize: status(403) }, 'MCP_UNAUTHORIZED', /403/],
    ['401 while listing', { 'tools/list': status(401) }, 'MCP_UNAUTHORIZED', /401/],
    ['404', { initialize: status(404) }, 'MCP_UNREACHABLE', /MCP_URL/],
    ['500', { initialize: status(500) }, 'MCP_UNREACHABLE', /MCP_URL/],
    [
      'a page instead of JSON',
      { initialize: ({ http }) => http(200, '<html>', 'text/html') },
      'MCP_UNREACHABLE',
      /content type/
    ],
    [
      'garbage',
      { initialize: ({ http }) => http(200, '{"half', 'application/json') },
      'MCP_UNREACHABLE',
      /MCP_URL/
    ],
    [
      'a protocol of tomorrow',
      {
        initialize: ({ result }) =>
          result(
            {
              protocolVersion: '2099-01-01',
              capabilities: {},
              serverInfo: { name: 'x', version: '1' }
            }
          )
      },
      'MCP_UNREACHABLE',
      /protocol version/
    ],
    ['no answer to initialize', { initialize: silent }, 'MCP_UNREACHABLE', /timed out/i],
    ['no answer to tools/list', { 'tools/list': silent }, 'MCP_UNREACHABLE', /timed out/i],
    [
      'tools/list without end',
      {
        'tools/list': ({ result }) =>
          result({ tools: [named('a', { description: 'x'.repeat(2_000_000) })] })
      },
      'MCP_UNREACHABLE',
      /too large/
    ],
    [
      'a reset',
      {
        initialize: ({ req }) => {
          req.socket.resetAndDestroy()
        }
      },
      'MCP_UNREACHABLE',
      /MCP_URL/
    ]
  ]
  for (const [what, on, code, said] of cases) {
    const server = await startMcpFaultServer(t, { on })
    t.match(await refusal(server.url, { limits: what.startsWith('no answer') ? impatient : {} }), {
      code,
      message: said
    }, what)
  }
  const gone = await startMcpFaultServer(t)
  await gone.close()
  t.match(
    await refusal(gone.url),
    { code: 'MCP_UNREACHABLE', message: /ECONNREFUSED.*MCP_URL/ },
    'a closed port'
  )
  const dial = dialOutsideProduction('mcpUrl of the app "shop"')
  t.match(
    await refusal(gone.url, { dial }),
    { message: /Check mcpUrl of the app "shop"/ },
    'another app than the first'
  )
})

t.test('opening can be given up', async t => {
  const server = await startMcpFaultServer(t, { on: { initialize: () => {} } })
  const controller = new AbortController()
  const opening = openMcpToolbox({
    url: server.url,
    headers: {},
    callTimeoutMs: 1000,
    trusted: true
  }, controller.signal)
  while (server.count('initialize') === 0) await new Promise(resolve => setImmediate(resolve))
  controller.abort(new Error('timeout'))
  await t.rejects(opening)
  await t.rejects(
    openMcpToolbox(
      { url: server.url, headers: {}, callTimeoutMs: 1000, trusted: true },
      AbortSignal.abort()
    )
  )
})

t.test('a session that the app has lost is opened anew, and the refused call repeated once', async t => {
  const lost: Record<string, Handler> = {
    'by the specification': ({ http }) => http(404, 'Session not found'),
    'with 404 and no word': ({ http }) => http(404),
    'with 400': ({ http }) =>
      http(
        400,
        JSON.stringify({
          jsonrpc: '2.0',
          error: { code: -32000, message: 'Bad Request: Unknown session' },
          id: null
        }),
        'application/json'
      ),
    'with 400 and a code': ({ http }) =>
      http(
        400,
        JSON.stringify({ jsonrpc: '2.0', error: { code: -32001, message: 'Gone' }, id: null }),
        'application/json'
      ),
    'as the official SDK of 2025': ({ http }) =>
      http(
        400,
        JSON.stringify({
          jsonrpc: '2.0',
          error: { code: -32000, message: 'Bad Request: Server not initialized' },
          id: null
        }),
        'application/json'
      ),
    'with 401': ({ http }) => http(401, 'Session expired'),
    'with 401 that asks for a token': ({ res, http }) => {
      res.setHeader('www-authenticate', 'Bearer realm="mcp"')
      http(401, '{"error":"invalid_session","message":"Unknown session"}', 'application/json')
    },
    'with 403': ({ http }) => http(403, 'Invalid session ID'),
    'with 410': ({ http }) => http(410, 'This session has ended. Begin a new session.'),
    'with 422': ({ http }) => http(422, '{"detail":"Missing session id"}', 'application/json'),
    'with 500': ({ http }) => http(500, 'Error: No valid session ID provided'),
    'with 503': ({ http }) => http(503, 'session abc not found on this instance'),
    'with an error in an answer': ({ rpcError }) => rpcError(-32600, 'Session not found'),
    'with an internal error in an answer': ({ rpcError }) =>
      rpcError(-32603, 'Received request before initialization was complete')
  }
  for (const [what, refuse] of Object.entries(lost)) {
    let calls = 0
    const { server, toolbox } = await openFaulty(
      t,
      exchange =>
        ++calls === 1
          ? refuse(exchange)
          : exchange.result(said(String(exchange.req.headers['mcp-session-id'])))
    )
    const first = await call(toolbox, { title: 'x' })
    t.match(first, { result: 'ok' }, what)
    t.equal(server.count('initialize'), 2)
    t.equal(server.count('tools/call'), 2)
    t.match(
      server.received.filter(({ method }) => method === 'tools/call').map(({ params }) =>
        params?.arguments
      ),
      [{ title: 'x' }, { title: 'x' }]
    )
    t.equal((await call(toolbox)).text, first.text, 'and the new session stays')
  }
})

const QUICK = { backOffMs: [1, 2, 4, 8] }

t.test('a session that is lost again is an error, and not a reason to go on for ever', async t => {
  const { server, toolbox } = await openFaulty(t, ({ http }) => http(404, 'Session not found'))
  t.match(await call(toolbox), { result: 'error', errorMessage: /refused.*404/ })
  t.equal(server.count('tools/call'), 2)
  let opened = 0
  const working: Handler = ({ result }) =>
    result(
      {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'x', version: '1' }
      }
    )
  const shut = await openFaulty(
    t,
    ({ http }) => http(404),
    { limits: QUICK },
    { initialize: exchange => ++opened === 1 ? working(exchange) : exchange.http(503) }
  )
  await t.rejects(
    call(shut.toolbox),
    { code: 'MCP_UNREACHABLE', outage: { service: 'app' } },
    'nothing was done, so the call can wait'
  )
  t.equal(shut.server.count('tools/call'), 1)
  t.equal(shut.server.count('initialize'), 1 + 1 + QUICK.backOffMs.length)
})

t.test('a refusal that is about no session of the protocol is none of a lost one', async t => {
  const refusals: [what: string, refuse: Handler, outcome: object][] = [
    ['an argument', ({ rpcError }) => rpcError(-32602, 'Invalid params: session not found'), {
      result: 'error',
      blame: 'persona'
    }],
    ['an account', ({ http }) => http(403, 'Your plan has no sessions left'), {
      result: 'error',
      blame: 'account'
    }],
    ['a result', ({ result }) => result({ ...said('Session not found'), isError: true }), {
      result: 'error',
      text: 'Session not found'
    }]
  ]
  for (const [what, refuse, outcome] of refusals) {
    const { server, toolbox } = await openFaulty(t, refuse)
    t.match(await call(toolbox), outcome, what)
    t.equal(server.count('initialize'), 1)
    t.equal(server.count('tools/call'), 1)
  }
})

t.test('what is still refused in a new session is judged as any refusal', async t => {
  const { server, toolbox } = await openFaulty(t, ({ http }) => http(401, 'Session expired'))
  t.match(await call(toolbox), {
    result: 'error',
    blame: 'account',
    fatal: { code: 'MCP_UNAUTHORIZED' }
  })
  t.equal(server.count('tools/call'), 2)
  const opening = await startMcpFaultServer(t, {
    on: { initialize: ({ http }) => http(401, 'Session expired: sign in') }
  })
  t.match(
    await refusal(opening.url),
    { code: 'MCP_UNAUTHORIZED' },
    'where there was none, it is about the account'
  )
})

t.test('before each try it is asked whether to send at all', async t => {
  const { server, toolbox } = await openFaulty(t, ({ http }) => http(429), { limits: QUICK })
  let asked = 0
  const beforeSend = async () => {
    if (++asked === 3) throw new Error('not ours any more')
  }
  await t.rejects(
    toolbox.call('do', {}, { signal: AbortSignal.timeout(10_000), beforeSend }),
    /not ours/
  )
  t.equal(server.count('tools/call'), 2)
})

t.test('refusals before acting are errors, a broken answer leaves it unknown', async t => {
  const cases: [what: string, handler: Handler, result: string, message: RegExp][] = [
    [
      'bad parameters',
      ({ rpcError }) => rpcError(-32602, 'Invalid params'),
      'error',
      /-32602.*Invalid params/
    ],
    ['an internal error', ({ rpcError }) => rpcError(-32603, 'Oh'), 'error', /-32603/],
    [
      'a code of its own',
      ({ rpcError }) => rpcError(-32000, 'Quota exceeded'),
      'error',
      /Quota exceeded/
    ],
    [
      'a code that the SDK uses for timeouts',
      ({ rpcError }) => rpcError(-32001, 'Not yours'),
      'error',
      /Not yours/
    ],
    ['400', ({ http }) => http(400, 'no'), 'error', /refused.*400/],
    ['401', ({ http }) => http(401), 'error', /refused.*401/],
    ['503 without a word', ({ http }) => http(503), 'unknown', /broke off.*503/],
    ['500', ({ http }) => http(500, 'stack'), 'unknown', /broke off.*500/],
    ['502', ({ http }) => http(502), 'unknown', /broke off.*502/],
    ['a page', ({ http }) => http(200, '<html>', 'text/html'), 'unknown', /content type.*html/],
    [
      'half an answer',
      ({ http }) => http(200, '{"jsonrpc":"2.0","re', 'application/json'),
      'unknown',
      /./
    ],
    [
      'a reset',
      ({ req }) => {
        req.socket.resetAndDestroy()
      },
      'unknown',
      /./
    ],
    [
      'a body that stops',
      ({ res }) => {
        res.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write(
          '{'
        )
        setImmediate(() => res.destroy())
      },
      'unknown',
      /./
    ]
  ]
  for (const [what, handler, result, message] of cases) {
    const { toolbox } = await openFaulty(t, handler)
    const outcome = await call(toolbox)
    t.match(outcome, { result, errorMessage: message }, what)
    if (result === 'unknown') t.equal(outcome.text, '', 'nothing that the app did not say')
  }
})

t.test('an app that went away has not acted', async t => {
  const { server, toolbox } = await openFaulty(t, ({ result }) => result(said('never')), {
    limits: QUICK
  })
  await server.close()
  const first = await call(toolbox).catch((error: unknown) => error)
  t.not(
    (first as { result?: string }).result,
    'ok',
    'on a connection that was open before, this may not be certain'
  )
  await t.rejects(call(toolbox), {
    code: 'MCP_UNREACHABLE',
    message: /ECONNREFUSED/,
    outage: { service: 'app' }
  })
})

const big = said('x'.repeat(1_100_000))

/** A call that did go wrong must not spoil the next one. */
async function stillWorks (t: Test, toolbox: Toolbox, server: FaultServer) {
  t.match(
    await call(toolbox, { fine: true }),
    { result: 'ok', text: 'fine' },
    'the connection is usable afterwards'
  )
  t.equal(server.count('initialize'), 1, 'without a new session')
}

const unlessFine = (handler: Handler): Handler => exchange =>
  (exchange.message.params?.arguments as { fine?: boolean } | undefined)?.fine
    ? exchange.result(said('fine'))
    : handler(exchange)

t.test('a result over 1 MB is an error, and the next call works', async t => {
  const kinds: Record<string, Handler> = {
    JSON: ({ result }) => result(big),
    'an event stream': ({ stream }) => {
      const pen = stream()
      pen.result(big)
      pen.end()
    },
    'an event stream that stays open': ({ stream }) => stream().result(big),
    'many events': ({ stream }) => {
      const pen = stream()
      for (let i = 0; i < 3000; i++) pen.raw(`: ${'x'.repeat(500)}\n\n`)
    }
  }
  for (const [what, handler] of Object.entries(kinds)) {
    const { server, toolbox } = await openFaulty(t, unlessFine(handler))
    t.match(await call(toolbox), {
      result: 'error',
      text: /too large \(over 1 MB\)/,
      errorMessage: /too large/
    }, what)
    await stillWorks(t, toolbox, server)
  }
  const { toolbox } = await openFaulty(t, ({ result }) => result(said('x'.repeat(900_000))))
  t.equal((await call(toolbox)).text.length, 900_000, 'one below is taken whole')
})

const limits = { resumeGraceMs: 50 }

t.test('a stream that ends without the answer leaves it unknown, before the call times out', async t => {
  const kinds: Record<string, Handler> = {
    'ended without a word': ({ stream }) => stream().end(),
    'ended after an event': ({ stream }) => {
      const pen = stream()
      pen.message({ method: 'notifications/message', params: { level: 'info', data: 'x' } })
      pen.end()
    },
    cut: ({ stream }) => {
      const pen = stream()
      pen.raw(': hello\n\n')
      setImmediate(() => pen.cut())
    },
    'cut in the middle of the answer': ({ stream }) => {
      const pen = stream()
      pen.raw('data: {"jsonrpc":"2.0",')
      setImmediate(() => pen.cut())
    },
    'an answer to something else': ({ stream }) => {
      const pen = stream()
      pen.message({ id: 999, result: said('other') })
      pen.end()
    }
  }
  for (const [what, handler] of Object.entries(kinds)) {
    const { server, toolbox } = await openFaulty(t, unlessFine(handler), { limits })
    const outcome = await call(toolbox)
    t.match(outcome, { result: 'unknown', text: '', errorMessage: 'the answer broke off' }, what)
    await stillWorks(t, toolbox, server)
  }
})

t.test('a cut stream that the app lets resume brings its answer, however long that takes', async t => {
  const asked: Exchange[] = []
  // Long enough for a busy machine to connect anew.
  const grace = 400
  const onCall: Handler = exchange => {
    asked.push(exchange)
    const pen = exchange.stream()
    pen.raw('id: event-1\nretry: 5\ndata:\n\n')
    pen.end()
  }
  const resumed: Handler = ({ req, stream, http }) => {
    if (req.headers['last-event-id'] !== 'event-1') return http(405)
    const pen = stream()
    // Longer than the grace: it is for a stream that is cut, not for an app that takes its time.
    setTimeout(() => {
      pen.message({ id: asked[0]?.message.id, result: said('resumed') })
      pen.end()
    }, grace * 4)
  }
  const { server, toolbox } = await openFaulty(t, onCall, { limits: { resumeGraceMs: grace } }, {
    GET: resumed
  })
  t.match(await call(toolbox), { result: 'ok', text: 'resumed' })
  t.equal(server.count('tools/call'), 1)

  const tooMuch: Handler = ({ stream }) => stream().message({ id: 0, result: big })
  const swamped = await openFaulty(
    t,
    onCall,
    { limits: { resumeGraceMs: 10_000 } },
    {
      GET: exchange =>
        exchange.req.headers['last-event-id'] === undefined ? exchange.http(405) : tooMuch(exchange)
    }
  )
  t.match(
    await call(swamped.toolbox),
    { result: 'error', errorMessage: /too large/ },
    'what is resumed is limited too'
  )
})

t.test('no answer in time leaves it unknown, tells the app, and the next call works', async t => {
  for (
    const silent of [() => {}, ({ stream }: Exchange) => {
      stream()
    }]
  ) {
    const { server, toolbox } = await openFaulty(t, unlessFine(silent), { callTimeoutMs: 100 })
    t.match(await call(toolbox), { result: 'unknown', text: '', errorMessage: 'no answer in time' })
    await stillWorks(t, toolbox, server)
    t.match(server.received.find(({ method }) => method === 'notifications/cancelled')?.params, {
      requestId: Number
    })
  }
})

t.test('progress gives a call more time, up to three times its limit', async t => {
  const progress = (exchange: Exchange, times: number) => {
    const pen = exchange.stream()
    let n = 0
    const timer = setInterval(() => {
      const { progressToken } = (exchange.message.params?._meta ?? {}) as { progressToken?: number }
      pen.message({ method: 'notifications/progress', params: { progressToken, progress: ++n } })
      if (n === times) {
        clearInterval(timer)
        pen.result(said('finally'))
        pen.end()
      }
    }, 250)
    exchange.res.once('close', () => clearInterval(timer))
  }
  const { toolbox } = await openFaulty(t, exchange => progress(exchange, 6), {
    callTimeoutMs: 1000
  })
  t.match(await call(toolbox), { result: 'ok', text: 'finally' })
  const endless = await openFaulty(t, exchange => progress(exchange, 1000), { callTimeoutMs: 1000 })
  t.match(await call(endless.toolbox), { result: 'unknown', errorMessage: 'no answer in time' })
})

t.test('a call whose run ends is given up and unknown', async t => {
  const { server, toolbox } = await openFaulty(t, () => {})
  const controller = new AbortController()
  const pending = toolbox.call('todo.create', {}, { signal: controller.signal })
  while (server.count('tools/call') === 0) await new Promise(resolve => setImmediate(resolve))
  controller.abort(new Error('timeout'))
  t.match(await pending, { result: 'unknown', text: '', errorMessage: /the run ended/ })
  await t.rejects(
    toolbox.call('todo.create', {}, { signal: controller.signal }),
    'what is asked after the end is never sent'
  )
  t.equal(server.count('tools/call'), 1)
})

t.test('a run that ends cancels nothing that was answered before', async t => {
  const server = await startMcpFaultServer(t)
  const controller = new AbortController()
  const toolbox = await openMcpToolbox({
    url: server.url,
    headers: {},
    callTimeoutMs: 5000,
    trusted: true
  }, controller.signal)
  await toolbox.call('todo.create', {}, { signal: controller.signal })
  controller.abort()
  await toolbox.close()
  t.equal(server.count('notifications/cancelled'), 0)
})

t.test('whatever a tool returns becomes text, and what is no text is named', async t => {
  const data = 'A'.repeat(4000)
  const cases: [what: string, result: unknown, text: string | RegExp][] = [
    ['texts', content({ type: 'text', text: 'a' }, { type: 'text', text: 'b' }), 'a\nb'],
    [
      'an image',
      content({ type: 'text', text: 'see' }, { type: 'image', mimeType: 'image/png', data }),
      'see\n[image image/png, 3 kB, not shown]'
    ],
    [
      'audio',
      content({ type: 'audio', mimeType: 'audio/wav', data }),
      '[audio audio/wav, 3 kB, not shown]'
    ],
    [
      'a link',
      content({ type: 'resource_link', name: 'Bild', uri: 'file:///b.png' }),
      '[link Bild file:///b.png]'
    ],
    [
      'a text resource',
      content({ type: 'resource', resource: { uri: 'file:///a.txt', text: 'inside' } }),
      'inside'
    ],
    [
      'a file',
      content({
        type: 'resource',
        resource: { uri: 'file:///a.pdf', mimeType: 'application/pdf', blob: data }
      }),
      '[file file:///a.pdf application/pdf, 3 kB, not shown]'
    ],
    [
      'content of tomorrow',
      content({ type: 'hologram' }, null, 'x', { type: 'text', text: 'kept' }),
      'x\nkept'
    ],
    ['structured content only', { content: [], structuredContent: { a: [1] } }, '{"a":[1]}'],
    ['structured content that is null', { structuredContent: null }, 'null'],
    ['both', { ...said('words'), structuredContent: { a: 1 } }, 'words'],
    ['nothing', content(), ''],
    ['no content at all', {}, ''],
    ['content that is no list', { content: 'x' }, 'x']
  ]
  for (const [what, result, text] of cases) {
    const { toolbox } = await openFaulty(t, exchange => exchange.result(result))
    t.match(await call(toolbox), { result: 'ok', text, errorMessage: null }, what)
  }
})

t.test('a tool that says it failed is an error with its words', async t => {
  const cases: [result: unknown, outcome: object][] = [
    [{ ...said('Kein\n Platz'), isError: true }, {
      result: 'error',
      text: 'Kein\n Platz',
      errorMessage: 'Kein Platz'
    }],
    [{ content: [], isError: true }, {
      result: 'error',
      text: '',
      errorMessage: 'the tool failed without a word'
    }],
    [{ ...said('ok'), isError: false }, { result: 'ok' }],
    [{ ...said('ok'), isError: 'yes' }, { result: 'ok' }]
  ]
  for (const [result, outcome] of cases) {
    const { toolbox } = await openFaulty(t, exchange => exchange.result(result))
    t.match(await call(toolbox), outcome)
  }
})

t.test('requests of the app are answered or refused, and never stop the call', async t => {
  const asks = (method: string, params: object): Handler => ({ message, stream }) => {
    const pen = stream()
    pen.message({ id: 'q1', method, params })
    setTimeout(() => {
      pen.message({ id: message.id, result: said('went on') })
      pen.end()
    }, 20)
  }
  for (const method of ['sampling/createMessage', 'roots/list', 'something/else', 'ping']) {
    const { toolbox } = await openFaulty(t, asks(method, {}))
    t.match(await call(toolbox), { result: 'ok', text: 'went on' }, method)
  }
})

t.test('closing ends the session at the app, and waits no longer than 2 s for one that hangs', async t => {
  const { server, toolbox } = await openFaulty(t, ({ result }) => result(said('x')))
  await toolbox.close()
  t.equal(server.count('DELETE'), 1)

  const hanging = await openFaulty(
    t,
    ({ result }) => result(said('x')),
    { limits: { closeTimeoutMs: 50 } },
    {
      DELETE: () => {},
      GET: ({ stream }) => {
        stream()
      }
    }
  )
  await hanging.toolbox.close()
  t.equal(hanging.server.count('DELETE'), 1, 'closed without an answer')
  t.equal(MCP_LIMITS.closeTimeoutMs, 2000)
})
