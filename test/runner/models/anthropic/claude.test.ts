import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import {
  attemptTimeoutMs,
  createClaude,
  type ClaudeOptions
} from '../../../../src/runner/models/anthropic/claude.ts'
import type { Model, ModelMessage, ModelRequest } from '../../../../src/runner/models/model.ts'
import type { MessagesRequest } from 'scripted-claude/messages-request'
import {
  startScriptedClaude,
  type Script,
  type ScriptedReply
} from 'scripted-claude/scripted-claude'
import { sequence } from '../../../helpers/scripts.ts'
import { ModelError } from '../../../../src/platform/errors.ts'

const KEY = 'sk-ant-secret-0123456789'
const SOON_AGAIN = { quickMs: 1, baseMs: 1 }

async function start (t: Test, script: Script, options: Partial<ClaudeOptions> = {}) {
  const claude = await startScriptedClaude({ script })
  t.teardown(() => claude.close())
  return {
    claude,
    model: createClaude({
      apiKey: KEY,
      model: 'claude-opus-5-5',
      baseUrl: claude.url,
      retry: SOON_AGAIN,
      ...options
    })
  }
}

const hello: ModelMessage = { role: 'user', content: [{ type: 'text', text: 'Hallo.' }] }
const tools = ['calendar_list', 'todo_list'].map(
  name => ({
    name,
    description: `Lists ${name}. ${'x'.repeat(3000)}`,
    inputSchema: { type: 'object' }
  })
)
const request: ModelRequest = {
  system: `Du bist Mara. ${'y'.repeat(5000)}`,
  tools,
  messages: [hello],
  maxTokens: 500
}

const ask = (model: Model, signal = new AbortController().signal) =>
  model.complete(request, { signal })

/** The error of a request that has to fail as one that an operator can do something about. */
async function failure (t: Test, model: Model): Promise<ModelError> {
  const error: unknown = await ask(model).then(() => 'it did not fail', (cause: unknown) => cause)
  if (!(error instanceof ModelError)) return t.bailout(String(error)) as never
  const everything = JSON.stringify([
    error.message,
    error.stack,
    error.cause,
    Object.entries(error)
  ])
  t.notOk(everything.includes(KEY), 'the key is in no word of it')
  return error
}

t.test('a reply comes with its blocks, its reason to stop and what it cost', async t => {
  const usage = {
    input_tokens: 11,
    output_tokens: 22,
    cache_creation_input_tokens: 33,
    cache_read_input_tokens: 44
  }
  const { claude, model } = await start(
    t,
    sequence([{
      text: 'Hm.',
      toolCalls: [{ id: 'toolu_1', name: 'todo_list', input: { a: 1 } }],
      usage
    }])
  )
  t.strictSame(await ask(model), {
    content: [{ type: 'text', text: 'Hm.' }, {
      type: 'tool_use',
      id: 'toolu_1',
      name: 'todo_list',
      input: { a: 1 }
    }],
    stopReason: 'tool_use',
    model: 'claude-opus-5-5',
    usage: { inputTokens: 11, outputTokens: 22, cacheWriteTokens: 33, cacheReadTokens: 44 }
  })
  t.match(claude.requests[0], { model: 'claude-opus-5-5', max_tokens: 500 })
  t.equal(model.name, 'claude-opus-5-5')
})

t.test('of a reply only what may be sent back is kept, and a lack of numbers is zero', async t => {
  const content = [
    { type: 'thinking', thinking: 'Hm.', signature: 's' },
    { type: 'text', text: 'Ja.', citations: null },
    { type: 'server_tool_use', id: 's', name: 'web', input: {} },
    { type: 'tool_use', id: 'toolu_1', name: 'todo_list', input: {}, caller: { type: 'direct' } },
    { type: 'block_of_tomorrow', x: 1 }
  ]
  const body = JSON.stringify(
    {
      type: 'message',
      role: 'assistant',
      model: 'm',
      content,
      stop_reason: 'tool_use',
      usage: { output_tokens: 3 }
    }
  )
  const { model } = await start(
    t,
    () => ({ raw: { status: 200, contentType: 'application/json', body } })
  )
  const reply = await ask(model)
  t.strictSame(reply.content, [
    { type: 'thinking', thinking: 'Hm.', signature: 's' },
    { type: 'text', text: 'Ja.' },
    { type: 'tool_use', id: 'toolu_1', name: 'todo_list', input: {} }
  ])
  t.strictSame(reply.usage, {
    inputTokens: 0,
    outputTokens: 3,
    cacheWriteTokens: 0,
    cacheReadTokens: 0
  })
})

t.test('an empty reply is a reply', async t => {
  const { model } = await start(t, () => ({}))
  t.match(await ask(model), { content: [], stopReason: 'end_turn' })
})

const withoutMarks = (value: unknown) =>
  JSON.stringify(value, (key, item: unknown) => key === 'cache_control' ? undefined : item)

/**
 * What the cache sees of a request: tools, system, messages, in that order and without the
 * breakpoints.
 */
function cachedParts (sent: MessagesRequest | undefined): string[] {
  return [
    withoutMarks(sent?.tools),
    withoutMarks(sent?.system),
    ...(sent?.messages ?? []).map(withoutMarks)
  ]
}

t.test('every turn repeats the one before byte for byte and reads it from the cache', async t => {
  const { claude, model } = await start(
    t,
    sequence([{ toolCalls: [{ id: 'toolu_1', name: 'todo_list', input: {} }] }, {
      text: 'Fertig.'
    }])
  )
  const signal = new AbortController().signal
  const first = await model.complete(request, { signal })
  const messages: ModelMessage[] = [
    hello,
    { role: 'assistant', content: first.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: '[]' }] }
  ]
  const second = await model.complete({ ...request, messages }, { signal })
  const [sent, sentAgain] = claude.requests.map(cachedParts)
  t.strictSame(sentAgain?.slice(0, sent?.length), sent, 'the beginning is the same')
  for (const [i, sent] of claude.requests.entries()) {
    t.equal(
      JSON.stringify(sent).split('"cache_control":{"type":"ephemeral"}').length - 1,
      3 + i,
      'a breakpoint each, and one where the request before ended'
    )
    t.ok(sent.tools?.at(-1) && 'cache_control' in (sent.tools.at(-1) ?? {}), 'behind the tools')
    t.match(sent.system, [{ cache_control: { type: 'ephemeral' } }], 'behind the system prompt')
    const lastBlock = (sent.messages.at(-1)?.content as object[]).at(-1)
    t.match(lastBlock, { cache_control: { type: 'ephemeral' } }, 'and behind the conversation')
  }
  t.equal(first.usage.cacheReadTokens, 0)
  t.equal(second.usage.cacheReadTokens, first.usage.cacheWriteTokens)
  t.same(claude.refusals, [])
})

t.test('a turn with more calls than a breakpoint looks back over is read from the cache all the same', async t => {
  const ids = Array.from({ length: 16 }, (_, i) => `toolu_${i}`)
  const { model } = await start(
    t,
    sequence([{ toolCalls: ids.map(id => ({ id, name: 'todo_list', input: {} })) }, {
      text: 'Fertig.'
    }])
  )
  const signal = new AbortController().signal
  const opening: ModelMessage = {
    role: 'user',
    content: [{ type: 'text', text: 'Verbring einen Tag. '.repeat(50) }]
  }
  const first = await model.complete({ ...request, messages: [opening] }, { signal })
  const results = ids.map(id => ({ type: 'tool_result' as const, tool_use_id: id, content: '[]' }))
  const second = await model.complete(
    {
      ...request,
      messages: [opening, { role: 'assistant', content: first.content }, {
        role: 'user',
        content: results
      }]
    },
    { signal }
  )
  t.equal(second.usage.cacheReadTokens, first.usage.cacheWriteTokens)
})

t.test('without tools nothing is marked that is not there', async t => {
  const { claude, model } = await start(t, () => ({ text: 'Hm.' }))
  await model.complete({ ...request, tools: [] }, { signal: new AbortController().signal })
  t.same(claude.requests[0]?.tools, [])
})

function error (
  status: number,
  type: string,
  message = 'no',
  headers: Record<string, string> = {}
): ScriptedReply {
  return { error: { status, type, message, headers } }
}

/** Plays replies by the number of requests, whatever they hold. */
function byRequest (...replies: ScriptedReply[]): Script {
  let n = 0
  return () => replies[Math.min(n++, replies.length - 1)] ?? {}
}

t.test('what passes is tried again: a limited rate, overload, a reset connection, a garbled answer', async t => {
  const passing: Record<string, ScriptedReply> = {
    'limited, to be asked again soon': error(429, 'rate_limit_error', 'slow down', {
      'retry-after-ms': '20'
    }),
    'limited, to be asked again at a time': error(429, 'rate_limit_error', 'slow down', {
      'retry-after': new Date().toUTCString()
    }),
    'refused, but to be asked again': error(403, 'permission_error', 'not now', {
      'x-should-retry': 'true'
    }),
    'limited, to be asked again in 0 s': error(429, 'rate_limit_error', 'slow down', {
      'retry-after': '0'
    }),
    overloaded: error(529, 'overloaded_error'),
    'out of order': error(500, 'api_error'),
    'a proxy without its upstream': {
      raw: { status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' }
    },
    reset: { destroy: true },
    'a page with status 200': {
      raw: { status: 200, contentType: 'text/html', body: '<html>Please log in</html>' }
    },
    'overloaded, with status 200': {
      raw: {
        status: 200,
        contentType: 'text/event-stream',
        body:
          'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
      }
    },
    'two calls with one id': {
      toolCalls: [{ id: 'a', name: 'todo_list', input: {} }, {
        id: 'a',
        name: 'todo_list',
        input: {}
      }]
    },
    'half a message': {
      raw: { status: 200, contentType: 'application/json', body: '{"type":"message","content":[' }
    },
    'another JSON': { raw: { status: 200, contentType: 'application/json', body: '{"ok":true}' } },
    'no JSON value': { raw: { status: 200, contentType: 'application/json', body: 'null' } }
  }
  await Promise.all(
    Object.entries(passing).map(async ([what, reply]) => {
      const { model } = await start(t, byRequest(reply, { text: 'Da bin ich.' }))
      t.match(await ask(model), { content: [{ text: 'Da bin ich.' }] }, what)
    })
  )
})

t.test('what does not pass gets the code that says what an operator can do', async t => {
  const html: ScriptedReply = {
    raw: { status: 200, contentType: 'text/html', body: '<html>Please log in</html>' }
  }
  const inAStream: ScriptedReply = {
    raw: {
      status: 200,
      contentType: 'text/event-stream',
      body:
        'event: error\ndata: {"type":"error","error":{"type":"authentication_error","message":"who?"}}\n\n'
    }
  }
  const invalid = (message: string) => error(400, 'invalid_request_error', message)
  const cases: [
    reply: ScriptedReply,
    code: ModelError['code'],
    said: RegExp,
    requests: number,
    outage: boolean
  ][] = [
    [
      error(401, 'authentication_error', `invalid key ${KEY}`),
      'MODEL_UNAUTHORIZED',
      /ANTHROPIC_API_KEY.*invalid key \[key\]/,
      1,
      true
    ],
    [inAStream, 'MODEL_UNAUTHORIZED', /401.*who\?/, 1, true],
    [
      error(403, 'permission_error', `${KEY} may not`),
      'MODEL_UNAUTHORIZED',
      /403.*ANTHROPIC_API_KEY/,
      1,
      true
    ],
    [
      error(402, 'billing_error', `credit of ${KEY} is too low`),
      'MODEL_UNAUTHORIZED',
      /cannot pay \(402\)/,
      1,
      true
    ],
    [
      invalid(
        'You have reached your specified API usage limits. You will regain access on 2026-12-01.'
      ),
      'MODEL_UNAUTHORIZED',
      /spent.*regain/,
      1,
      true
    ],
    [
      invalid('Your credit balance is too low to access the Anthropic API.'),
      'MODEL_UNAUTHORIZED',
      /spent/,
      1,
      true
    ],
    [
      error(404, 'not_found_error', 'model: claude-9'),
      'MODEL_NOT_FOUND',
      /ANTHROPIC_MODEL.*claude-9/,
      1,
      true
    ],
    [error(429, 'rate_limit_error'), 'MODEL_RATE_LIMITED', /rate/, 4, true],
    [error(529, 'overloaded_error'), 'MODEL_OVERLOADED', /overloaded.*529/, 4, true],
    [
      error(529, 'overloaded_error', 'no', { 'x-should-retry': 'false' }),
      'MODEL_OVERLOADED',
      /529/,
      1,
      true
    ],
    [error(500, 'api_error'), 'MODEL_OVERLOADED', /500/, 4, true],
    [{ destroy: true }, 'MODEL_UNREACHABLE', /network/, 4, true],
    [invalid('tools.1: no'), 'MODEL_REFUSED_REQUEST', /"todo_list" \(400\).*tools\.1/, 1, false],
    [invalid('tools.7: no'), 'MODEL_REFUSED_REQUEST', /400.*tools\.7/, 1, false],
    [
      invalid(`messages.3: ${'x'.repeat(900)}`),
      'MODEL_REFUSED_REQUEST',
      /400.*messages\.3/,
      1,
      false
    ],
    [error(413, 'request_too_large'), 'MODEL_REFUSED_REQUEST', /too long.*413/, 1, false],
    [html, 'MODEL_BAD_ANSWER', /ANTHROPIC_BASE_URL/, 3, false]
  ]
  for (const [reply, code, said, requests, outage] of cases) {
    const { claude, model } = await start(t, () => reply)
    const { code: found, message, outage: out } = await failure(t, model)
    t.equal(found, code, JSON.stringify(reply))
    t.match(message, said)
    t.ok(message.length < 600)
    t.equal(claude.requests.length, requests, `${requests} requests`)
    t.strictSame(out, outage ? { service: 'model' } : undefined)
  }
})

t.test('what would make a refused request acceptable is told', async t => {
  const cases: [message: string, remedy: unknown][] = [
    ['tools.1.custom.input_schema: JSON schema is invalid.', {
      kind: 'leave_out',
      toolName: 'todo_list'
    }],
    ['prompt is too long: 207791 tokens > 200000 maximum', { kind: 'shorten' }],
    ['input length and `max_tokens` exceed context limit: 198981 + 21333 > 200000', {
      kind: 'shorten'
    }],
    ['messages.1: no', undefined]
  ]
  for (const [message, remedy] of cases) {
    const { model } = await start(t, () => error(400, 'invalid_request_error', message))
    t.strictSame((await failure(t, model)).remedy, remedy)
  }
})

t.test('a wait that is longer than 30 s, or than the run may still take, is left to the runner', async t => {
  const cases = [['31', undefined, 31_000, 1], ['5', 4000, 5000, 1], ['0', 60_000, 0, 4]] as const
  for (const [retryAfter, remainingMs, retryAfterMs, requests] of cases) {
    const { claude, model } = await start(
      t,
      () => error(429, 'rate_limit_error', 'no', { 'retry-after': retryAfter })
    )
    const options = {
      signal: new AbortController().signal,
      ...(remainingMs !== undefined && { remainingMs })
    }
    const failed: unknown = await model.complete(request, options).catch((cause: unknown) => cause)
    t.match(failed, { code: 'MODEL_RATE_LIMITED', outage: { service: 'model', retryAfterMs } })
    t.equal(claude.requests.length, requests)
  }
})

t.test('no reply is asked for that is longer than the model gives', async t => {
  for (
    const [name, expected] of [
      ['claude-3-5-haiku-latest', 8192],
      ['claude-3-haiku-20240307', 4096],
      ['claude-sonnet-5-5', 42_000]
    ] as const
  ) {
    const { claude, model } = await start(t, () => ({ text: 'Good.' }), { model: name })
    await model.complete({ ...request, maxTokens: 42_000 }, {
      signal: new AbortController().signal
    })
    t.equal(claude.requests[0]?.max_tokens, expected)
  }
})

t.test('an attempt may take longer the longer the reply may be', async t => {
  t.same([256, 4096, 42_000].map(attemptTimeoutMs), [60_000, 115_200, 300_000])
})

t.test('where nobody listens the model is unreachable', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const closed = createClaude({
    apiKey: KEY,
    model: 'm',
    baseUrl: `http://127.0.0.1:${port}`,
    retry: SOON_AGAIN
  })
  t.match(await failure(t, closed), {
    code: 'MODEL_UNREACHABLE',
    message: /ANTHROPIC_BASE_URL.*ECONNREFUSED/
  })
})

t.test('a model that does not answer in time is unreachable', async t => {
  const { model, claude } = await start(t, () => ({ text: 'late', delayMs: 60_000 }), {
    timeoutMs: 300
  })
  t.match(await failure(t, model), { code: 'MODEL_UNREACHABLE', message: /within 300 ms/ })
  t.equal(claude.requests.length, 4)
})

t.test('a key that is no legal header is not repeated in the error', async t => {
  const { model } = await start(t, () => ({}), { apiKey: `${KEY}\nx` })
  t.match(await failure(t, model), { code: 'MODEL_UNREACHABLE' })
})

t.test('whoever gives up is not kept waiting, neither for a reply nor for the next attempt', async t => {
  for (
    const reply of [
      { text: 'late', delayMs: 60_000 },
      error(429, 'rate_limit_error', 'no', { 'retry-after': '29' })
    ]
  ) {
    const { claude, model } = await start(t, () => reply)
    const controller = new AbortController()
    const pending = ask(model, controller.signal)
    while (claude.requests.length === 0) await new Promise(resolve => setImmediate(resolve))
    setImmediate(() => controller.abort(new Error('the run ended')))
    // Neither the reply nor the pause has ended: only giving up ends it now.
    await t.rejects(pending, { cause: { message: 'the run ended' } })
    t.equal(claude.requests.length, 1)
  }
})
