import t from 'tap'
import type { Test } from 'tap'
import { openMcpToolbox, type McpOptions } from '../../../src/runner/mcp/toolbox.ts'
import type { Toolbox } from '../../../src/runner/tools/toolbox.ts'
import { startMcpFaultServer, TOOL } from '../../helpers/mcp-fault-server.ts'
import { startSseServer, type SseHandler, type SseOptions } from '../../helpers/sse-server.ts'

/** Servers of 2024-11-05, which answer on one stream. */

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

async function openWith (
  t: Test,
  onCall: SseHandler,
  options: Partial<McpOptions> = {},
  rest: SseOptions = {}
) {
  const server = await startSseServer(t, { ...rest, on: { 'tools/call': onCall, ...rest.on } })
  return { server, toolbox: await open(t, server.url, options) }
}

const call = (toolbox: Toolbox, input: Record<string, unknown> = {}) =>
  toolbox.call('todo.create', input, { signal: never })
const said = (text: string) => ({ content: [{ type: 'text', text }] })

t.test('a server with HTTP+SSE alone is used, with the headers of the persona', async t => {
  for (const refusal of [400, 404, 405]) {
    const server = await startSseServer(t, { refusal })
    const toolbox = await open(t, server.url, { headers: { authorization: 'Bearer abc' } })
    t.match(
      toolbox,
      { era: 'sse', protocolVersion: '2024-11-05', serverInfo: { name: 'sse' } },
      `${refusal}`
    )
    t.match(await call(toolbox), { result: 'ok', text: 'done' })
    t.match(server.posts.at(-1), { authorization: 'Bearer abc' })
    const again = await open(t, server.url)
    t.match(await call(again), { result: 'ok' })
    t.equal(
      server.posts.filter(headers => headers['mcp-method'] !== undefined).length,
      1,
      'and asked for its era once'
    )
    await toolbox.close()
    await again.close()
  }
})

t.test('what opens no event stream with an endpoint is told of as it was before', async t => {
  const refused = (url: string) =>
    openMcpToolbox(
      {
        url,
        headers: {},
        callTimeoutMs: 1000,
        trusted: true,
        limits: { ...QUICK, connectTimeoutMs: 200 }
      },
      never
    )
  const page = await startMcpFaultServer(t, {
    on: { initialize: ({ http }) => http(405), 'server/discover': ({ http }) => http(405) }
  })
  await t.rejects(refused(page.url), { code: 'MCP_UNREACHABLE', message: /405/ })
  t.equal(page.count('GET'), 1)
  const silent = await startMcpFaultServer(t, {
    on: {
      initialize: ({ http }) => http(404),
      GET: ({ stream }) => {
        stream()
      }
    }
  })
  await t.rejects(refused(silent.url), { code: 'MCP_UNREACHABLE' }, 'a stream that names nothing')
  const elsewhere = await startSseServer(t, { endpoint: () => 'http://127.0.0.1:9/messages' })
  await t.rejects(
    refused(elsewhere.url),
    { code: 'MCP_UNREACHABLE' },
    'a token is taken to no other host'
  )
})

t.test('a stream that breaks leaves the call unknown, is not sent again, and the next call opens another', async t => {
  let calls = 0
  const { server, toolbox } = await openWith(
    t,
    ({ stream, result }) => ++calls === 1 ? stream.destroy() : result(said('back'))
  )
  t.match(await call(toolbox), { result: 'unknown', text: '' })
  t.equal(calls, 1)
  t.match(await call(toolbox), { result: 'ok', text: 'back' })
  t.equal(server.count('initialize'), 2)
  t.equal(server.streams.length, 2)
})

t.test('a session that the server lost is opened anew, and the refused call sent once more', async t => {
  let calls = 0
  const { server, toolbox } = await openWith(t, ({ post, result }) => {
    if (++calls === 1) post.writeHead(404).end('Could not find session')
    else result(said('done'))
  })
  t.match(await call(toolbox), { result: 'ok', text: 'done' })
  t.equal(calls, 2)
  t.equal(server.count('initialize'), 2)
})

t.test('answers to others, errors without an id, news and questions on the stream are taken for what they are', async t => {
  const cases: [what: string, onCall: SseHandler, outcome: object][] = [
    ['a stale answer', ({ send, result }) => {
      send({ id: 777, result: said('stale') })
      result(said('ours'))
    }, { result: 'ok', text: 'ours' }],
    [
      'an error without an id',
      ({ send }) => send({ id: null, error: { code: -32602, message: 'Invalid title' } }),
      { result: 'error', errorMessage: /Invalid title/ }
    ],
    [
      'an error',
      ({ send, message }) => send({ id: message.id, error: { code: -32000, message: 'Quota' } }),
      { result: 'error', errorMessage: /Quota/ }
    ],
    ['a question', ({ send, result }) => {
      send({ id: 'q', method: 'ping' })
      result(said('ours'))
    }, { result: 'ok' }],
    ['a POST that fails', ({ post }) => {
      post.writeHead(500).end('oh')
    }, { result: 'unknown', errorMessage: /500/ }]
  ]
  for (const [what, onCall, outcome] of cases) {
    const { toolbox } = await openWith(t, onCall)
    t.match(await call(toolbox), outcome, what)
  }
})

t.test('an answer that is too large is an error, one in no time unknown, and a later call works', async t => {
  let calls = 0
  const { toolbox } = await openWith(
    t,
    ({ result }) => result(said(++calls === 1 ? 'x'.repeat(1_100_000) : 'fine'))
  )
  t.match(await call(toolbox), { result: 'error', errorMessage: /too large/ })
  t.match(await call(toolbox), { result: 'ok', text: 'fine' })
  const slow = await openWith(t, ({ message, result }) => {
    if (message.params?.arguments !== undefined && calls++ > 2) result(said('fine'))
  }, { callTimeoutMs: 100 })
  t.match(await call(slow.toolbox), { result: 'unknown', errorMessage: 'no answer in time' })
  t.match(await call(slow.toolbox), { result: 'ok', text: 'fine' })
})

t.test('tools that change in the middle of a run are listed anew, and secrets are hidden', async t => {
  let listed = 0
  const { toolbox } = await openWith(
    t,
    ({ send, result }) => {
      send({ method: 'notifications/tools/list_changed' })
      result(said('your token is secret-token'))
    },
    { secrets: ['secret-token'] },
    {
      on: {
        'tools/list': ({ result }) =>
          result({ tools: ++listed === 1 ? [TOOL] : [TOOL, { ...TOOL, name: 'todo.drop' }] })
      }
    }
  )
  t.match(await call(toolbox), { text: 'your token is [secret]' })
  await toolbox.refresh(never)
  t.same(toolbox.tools.map(({ name }) => name), ['todo.create', 'todo.drop'])
})

t.test('a run that ends gives up a stream, and closing leaves none behind', async t => {
  const { server, toolbox } = await openWith(t, () => {})
  const controller = new AbortController()
  const pending = toolbox.call('todo.create', {}, { signal: controller.signal })
  while (server.count('tools/call') === 0) await new Promise(resolve => setImmediate(resolve))
  controller.abort(new Error('timeout'))
  t.match(await pending, { result: 'unknown', errorMessage: /the run ended/ })
  const [stream] = server.streams
  const closed = new Promise(resolve => stream?.once('close', resolve))
  await toolbox.close()
  await closed
})
