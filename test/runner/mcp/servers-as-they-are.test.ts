import t from 'tap'
import type { Test } from 'tap'
import { openMcpToolbox, type McpOptions } from '../../../src/runner/mcp/toolbox.ts'
import type { Toolbox } from '../../../src/runner/tools/toolbox.ts'
import { codeOf } from '../../../src/platform/errors.ts'
import { startMcpFaultServer, TOOL, type Handler } from '../../helpers/mcp-fault-server.ts'

/** What servers and proxies do that no specification says, each as public reports tell it. */

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

/** In both eras. */
async function openFaulty (
  t: Test,
  era: string,
  onCall: Handler,
  on: Record<string, Handler> = {},
  options: Partial<McpOptions> = {}
) {
  const server = await startMcpFaultServer(t, {
    on: { ...(era === 'stateless' && { 'server/discover': discover }), 'tools/call': onCall, ...on }
  })
  const toolbox = await open(t, server.url, options)
  t.equal(toolbox.era, era)
  return { server, toolbox }
}

const ERAS = ['stateless', 'session']
const discover: Handler = ({ result }) =>
  result({
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    ttlMs: 0,
    cacheScope: 'private'
  })

const call = (toolbox: Toolbox, name = 'todo.create') => toolbox.call(name, {}, { signal: never })
const said = (text: string, ...more: object[]) => ({
  resultType: 'complete',
  content: [{ type: 'text', text }, ...more]
})

t.test('an error without an id is the answer, on a stream as in a body', async t => {
  const error = { code: -32000, message: 'Quota used up' }
  const ways: Record<string, Handler> = {
    'an event with id null': ({ stream }) => {
      stream().message({ id: null, error })
    },
    'an event without id': ({ stream }) => {
      stream().message({ error })
    },
    'a body': ({ http }) =>
      http(200, JSON.stringify({ jsonrpc: '2.0', id: null, error }), 'application/json')
  }
  for (const era of ERAS) {
    for (const [what, onCall] of Object.entries(ways)) {
      const { toolbox } = await openFaulty(t, era, onCall)
      t.match(
        await call(toolbox),
        { result: 'error', errorMessage: /-32000.*Quota used up$/ },
        `${what}, ${era}`
      )
    }
  }
})

t.test('an answer to something else is passed over, and ours is waited for', async t => {
  for (const era of ERAS) {
    const { toolbox } = await openFaulty(t, era, ({ message, stream }) => {
      const pen = stream()
      pen.message({ id: 4711, result: said('stale') })
      pen.message({ id: 'x', error: { code: 1, message: 'stale' } })
      // A number, as some servers write it.
      pen.message({ id: String(message.id), result: said('ours') })
      pen.end()
    })
    t.match(await call(toolbox), { result: 'ok', text: 'ours' }, era)
  }
})

t.test('an error that is none of the protocol is read as far as it goes', async t => {
  const { toolbox } = await openFaulty(t, 'session', ({ message, stream }) => {
    stream().message({ id: message.id, error: { code: '500', message: 'Oh' } })
  })
  t.match(await call(toolbox), { result: 'error', errorMessage: /Oh/ })
})

t.test('a screenshot of 5 MB keeps its text and is told of by size and kind', async t => {
  const result = said('Clicked.', {
    type: 'image',
    mimeType: 'image/png',
    data: 'iVBO'.repeat(1_250_000)
  }, { type: 'text', text: 'Done.' })
  const file = said('Read.', {
    type: 'resource',
    resource: { uri: 'file:///a.pdf', mimeType: 'application/pdf', blob: 'JVBE'.repeat(1_250_000) }
  })
  for (const era of ERAS) {
    const image = await openFaulty(t, era, exchange => exchange.result(result))
    t.match(await call(image.toolbox), {
      result: 'ok',
      text: 'Clicked.\n[image image/png, 3750 kB, not shown]\nDone.'
    })
    const streamed = await openFaulty(t, era, ({ stream }) => {
      const pen = stream()
      pen.result(file)
      pen.end()
    })
    t.match(await call(streamed.toolbox), {
      result: 'ok',
      text: 'Read.\n[file file:///a.pdf application/pdf, 3750 kB, not shown]'
    })
  }
})

t.test('how large an answer may be is a setting', async t => {
  const { toolbox } = await openFaulty(
    t,
    'session',
    ({ result }) => result(said('x'.repeat(60_000))),
    {},
    { limits: { maxResponseBytes: 50_000 } }
  )
  t.match(await call(toolbox), {
    result: 'error',
    errorMessage: 'the result is too large (over 0.05 MB)'
  })
})

t.test('a stream of news that ends at once and asks to be opened again at once is opened less and less often', async t => {
  const { server, toolbox } = await openFaulty(t, 'session', ({ result }) => {
    setTimeout(() => result(said('done')), 400)
  }, {
    GET: ({ stream }) => {
      const pen = stream()
      pen.raw('id: 1\nretry: 0\ndata:\n\n')
      pen.end()
    }
  })
  t.match(await call(toolbox), { result: 'ok' })
  t.ok(server.count('GET') >= 1)
  t.ok(server.count('GET') < 10, `${server.count('GET')} requests`)
})

t.test('a greeting that is refused fails no run', async t => {
  for (const status of [400, 404, 405, 500]) {
    const on: Record<string, Handler> = {
      'notifications/initialized': ({ http }) => http(status, 'no')
    }
    const { toolbox } = await openFaulty(t, 'session', ({ result }) => result(said('done')), on)
    t.match(await call(toolbox), { result: 'ok' }, `${status}`)
  }
})

t.test('a tool is called by the very name that the app gave it, or not at all', async t => {
  const names = ['todo\u0000create', 'größe', 'a b', 'todo/add', ' padded ']
  const server = await startMcpFaultServer(t, {
    tools: [...names.map(name => ({ ...TOOL, name })), TOOL]
  })
  const toolbox = await open(t, server.url)
  for (const { name } of toolbox.tools) await call(toolbox, name)
  const called = server.received.filter(({ method }) => method === 'tools/call').map(({ params }) =>
    params?.name
  )
  t.same(called, toolbox.tools.map(({ name }) => name))
  t.ok(called.every(name => [...names, TOOL.name].includes(String(name))))
  t.notOk(called.includes('todocreate'))
  t.equal(
    toolbox.tools.length + toolbox.setAside.length,
    names.length + 1,
    'and what is left out is told of'
  )
})

async function refusal (url: string): Promise<{ code: string, message: string, outage?: object }> {
  const opening = openMcpToolbox({
    url,
    headers: {},
    callTimeoutMs: 1000,
    trusted: true,
    limits: { backOffMs: [] }
  }, never)
  return opening.then(
    () => ({ code: 'it opened', message: '' }),
    (error: Error & { outage?: object }) => ({
      code: codeOf(error),
      message: error.message,
      ...(error.outage !== undefined && { outage: error.outage })
    })
  )
}

t.test('a server that answers to one name of its host says so, and the operator is told what to set', async t => {
  const jsonRpc =
    '{"jsonrpc":"2.0","error":{"code":-32000,"message":"Invalid Host: 127.0.0.1"},"id":null}'
  const refusals: [status: number, body: string, words?: string][] = [
    [403, 'Access is only allowed at localhost:4103'],
    [403, jsonRpc, '(HTTP 403: Invalid Host: 127.0.0.1)'],
    [421, 'Misdirected Request'],
    [421, 'Invalid Host header']
  ]
  for (const [status, body, words = body] of refusals) {
    const refuse: Handler = ({ http }) => http(status, body)
    const { url } = await startMcpFaultServer(t, {
      on: { initialize: refuse, 'server/discover': refuse }
    })
    const { code, message } = await refusal(url)
    t.equal(code, 'MCP_UNAUTHORIZED')
    t.ok(message.includes(words), message)
    t.match(message, /localhost and 127\.0\.0\.1 differ\. Set MCP_URL to/)
  }
  const account = await startMcpFaultServer(t, {
    on: { initialize: ({ http }) => http(403, 'Your account is locked') }
  })
  const { message } = await refusal(account.url)
  t.match(message, /\(403\): Your account is locked/)
  t.notMatch(message, /localhost/, 'any other refusal is about the account')
})

t.test('an app that serves one session at a time is not blamed for a second one', async t => {
  const busy: Handler = ({ message, http }) =>
    http(
      400,
      JSON.stringify({
        jsonrpc: '2.0',
        id: message.id,
        error: { code: -32600, message: 'Invalid Request: Server already initialized' }
      }),
      'application/json'
    )
  const { url } = await startMcpFaultServer(t, { on: { initialize: busy } })
  t.match(await refusal(url), {
    code: 'MCP_UNREACHABLE',
    message: /one session at a time.*PERSONA_CONCURRENCY=1/,
    outage: { service: 'app' }
  })

  const taken =
    'Error: Browser is already in use for /tmp/profile, use --isolated to run multiple instances of the same browser'
  for (const era of ERAS) {
    const { toolbox } = await openFaulty(
      t,
      era,
      ({ result }) => result({ ...said(taken), isError: true })
    )
    t.match(await call(toolbox), {
      result: 'error',
      blame: 'harness',
      fatal: { code: 'MCP_UNREACHABLE', outage: { service: 'app' } }
    })
  }
})
