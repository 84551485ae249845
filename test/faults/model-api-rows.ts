import assert from 'node:assert/strict'
import { createClaude } from '../../src/runner/models/anthropic/claude.ts'
import { act } from '../../src/runner/agent/loop.ts'
import { secretsOf } from '../../src/platform/secrets.ts'
import type { ModelError } from '../../src/platform/errors.ts'
import { always, anything, apiError, errorEvent, first, type Fault } from './model-stand-in.ts'
import { DONE, KEY, type Asked, type Bench } from './model-bench.ts'
import type { Row } from './model-row.ts'

/** What one request to the model may meet, and what becomes of it. */

const MAX_REQUESTS = 4
const PAGE = anything('<html>Please log in</html>', 'text/html')
const invalid = (message: string) => apiError(400, 'invalid_request_error', message)

function assertAnswered ({ standIn, error }: Asked, requests: number, what: unknown): void {
  assert.equal(error, null, `${JSON.stringify(what)}: ${error?.message}`)
  assert.equal(standIn.seen.length, requests, JSON.stringify(what))
}

function assertOutage (
  { standIn, error }: Asked,
  code: ModelError['code'],
  requests: number,
  what: unknown
): void {
  assert.deepEqual([error?.code, error?.outage?.service, standIn.seen.length], [
    code,
    'model',
    requests
  ], JSON.stringify(what))
}

function assertFailed (
  { standIn, error }: Asked,
  code: ModelError['code'],
  requests: number,
  what: unknown
): void {
  assert.deepEqual(
    [error?.code, error?.outage, standIn.seen.length],
    [code, undefined, requests],
    JSON.stringify(what)
  )
}

/**
 * What fails like this is asked for again, in the same words, and is an outage when it does not
 * stop.
 */
async function assertPasses (
  bench: Bench,
  fault: Fault,
  code: ModelError['code'],
  timeoutMs = 5000
): Promise<void> {
  const recovered = await bench.ask({ faults: first(fault, fault, fault) }, { timeoutMs })
  assertAnswered(recovered, MAX_REQUESTS, fault)
  assert.equal(
    new Set(recovered.standIn.seen.map(({ body }) => body)).size,
    1,
    'the same request each time'
  )
  assertOutage(await bench.ask({ faults: always(fault) }, { timeoutMs }), code, MAX_REQUESTS, fault)
}

async function assertAbortable (bench: Bench, fault: Fault): Promise<void> {
  const api = await bench.standIn({ script: () => DONE, faults: always(fault) })
  const model = createClaude({
    apiKey: KEY,
    model: 'm',
    baseUrl: api.url,
    retry: { quickMs: 20_000, baseMs: 20_000 }
  })
  const controller = new AbortController()
  const request = {
    system: 's',
    tools: [],
    messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'x' }] }],
    maxTokens: 5
  }
  const pending = model.complete(request, { signal: controller.signal }).then(
    () => 'answered',
    () => 'aborted'
  )
  while (api.seen.length === 0) await new Promise(resolve => setImmediate(resolve))
  setImmediate(() => controller.abort(new Error('the run ended')))
  assert.equal(await pending, 'aborted')
  assert.equal(api.seen.length, 1, 'and not after another request')
}

const limited = (headers: Record<string, string>) =>
  apiError(429, 'rate_limit_error', 'slow down', headers)

export const API_ROWS: Row[] = [{
  number: 'A1',
  promise:
    'a short retry-after is waited for, a long one is left to the runner with what was asked for',
  async play (bench) {
    const soon = await bench.ask({ faults: first(limited({ 'retry-after-ms': '120' })) })
    assertAnswered(soon, 2, 'retry-after-ms')
    for (const [retryAfter, ms] of [['31', 31_000], ['2147483', 2_147_483_000]] as const) {
      const long = await bench.ask({ faults: always(limited({ 'retry-after': retryAfter })) })
      assertOutage(long, 'MODEL_RATE_LIMITED', 1, retryAfter)
      assert.equal(long.error?.outage?.retryAfterMs, ms)
    }
    const inTwoHours = new Date(Date.now() + 7_200_000).toUTCString()
    const dated = await bench.ask({ faults: always(limited({ 'retry-after': inTwoHours })) })
    assertOutage(dated, 'MODEL_RATE_LIMITED', 1, inTwoHours)
    const datedMs = dated.error?.outage?.retryAfterMs ?? 0
    assert.ok(datedMs > 3_600_000 && datedMs <= 7_200_000, `${datedMs} ms`)
    const tooLate = await bench.ask({ faults: always(limited({ 'retry-after': '5' })) }, {}, 4000)
    assertOutage(tooLate, 'MODEL_RATE_LIMITED', 1, 'longer than the run may still take')
    assertOutage(
      await bench.ask({ faults: always(limited({})) }),
      'MODEL_RATE_LIMITED',
      MAX_REQUESTS,
      'no retry-after'
    )
    await assertAbortable(bench, limited({ 'retry-after': '29' }))
  }
}, {
  number: 'A2',
  promise:
    'what is out of order is asked at most four times, or as often as the API says, and is then an outage',
  async play (bench) {
    for (
      const [status, type] of [[500, 'api_error'], [502, 'api_error'], [503, 'api_error'], [
        504,
        'timeout_error'
      ], [529, 'overloaded_error']] as const
    ) {
      await assertPasses(bench, apiError(status, type), 'MODEL_OVERLOADED')
      assertOutage(
        await bench.ask({
          faults: always(apiError(status, type, 'no', { 'x-should-retry': 'false' }))
        }),
        'MODEL_OVERLOADED',
        1,
        status
      )
    }
    await assertPasses(bench, {
      kind: 'answer',
      status: 502,
      headers: { 'content-type': 'text/html' },
      body: '<h1>Bad gateway</h1>'
    }, 'MODEL_OVERLOADED')
    assertAnswered(
      await bench.ask({
        faults: first(apiError(400, 'invalid_request_error', 'no', { 'x-should-retry': 'true' }))
      }),
      2,
      'x-should-retry'
    )
    await assertAbortable(bench, apiError(529, 'overloaded_error'))
  }
}, {
  number: 'A3',
  promise: 'an error behind a status 200 counts as that error',
  async play (bench) {
    for (const type of ['overloaded_error', 'api_error', 'timeout_error']) {
      await assertPasses(bench, errorEvent(type), 'MODEL_OVERLOADED')
    }
    await assertPasses(bench, errorEvent('rate_limit_error'), 'MODEL_RATE_LIMITED')
    await assertPasses(
      bench,
      anything('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
      'MODEL_OVERLOADED'
    )
    assertOutage(
      await bench.ask({ faults: always(errorEvent('authentication_error')) }),
      'MODEL_UNAUTHORIZED',
      1,
      'authentication_error'
    )
    assertFailed(
      await bench.ask({ faults: always(errorEvent('invalid_request_error')) }),
      'MODEL_REFUSED_REQUEST',
      1,
      'invalid_request_error'
    )
  }
}, {
  number: 'A4',
  promise:
    'a connection that is closed, reset or silent is asked again, and a slow reply is waited for',
  async play (bench) {
    for (const then of ['fin', 'rst'] as const) {
      await assertPasses(bench, { kind: 'half', then }, 'MODEL_UNREACHABLE')
    }
    await assertPasses(bench, { kind: 'reset' }, 'MODEL_UNREACHABLE')
    for (const stall of [{ kind: 'half', then: 'stall' }, { kind: 'silence' }] as const) {
      await assertPasses(bench, stall, 'MODEL_UNREACHABLE', 300)
    }
    assertAnswered(
      await bench.ask({ script: () => ({ ...DONE, delayMs: 700 }) }, { timeoutMs: 5000 }),
      1,
      'slow'
    )
    await assertAbortable(bench, { kind: 'silence' })
  }
}, {
  number: 'A5',
  promise: 'a 200 that is no message is asked for twice more, and then the run has failed',
  async play (bench) {
    const bodies = [
      '',
      'null',
      '[]',
      '{"ok":true}',
      '{"type":"message","content":[',
      '{"type":"message","content":"Hi","stop_reason":"end_turn"}',
      '{"type":"message","content":[]}',
      '{"type":"message","content":[null],"stop_reason":"end_turn"}',
      '{"type":"message","content":[{"type":"tool_use","name":5}],"stop_reason":"tool_use"}'
    ]
    for (const fault of [PAGE, ...bodies.map(body => anything(body))]) {
      assertAnswered(await bench.ask({ faults: first(fault, fault) }), 3, fault)
      assertFailed(await bench.ask({ faults: always(fault) }), 'MODEL_BAD_ANSWER', 3, fault)
    }
    const odd = anything(
      '{"type":"message","model":5,"content":[{"type":"text","text":"Hm."}],"stop_reason":"end_turn","usage":{"input_tokens":"x"}}'
    )
    assert.match(
      (await bench.ask({ faults: always(odd) })).text,
      /"inputTokens":0/,
      'odd numbers are none'
    )
  }
}, {
  number: 'A6',
  promise:
    'a refused request is never sent again unchanged: without the tool that it names, or not at all',
  async play (bench) {
    const failed = await bench.ask({
      faults: always(invalid(`messages.3: ${'x'.repeat(2000)} ${KEY}`))
    })
    assertFailed(failed, 'MODEL_REFUSED_REQUEST', 1, 'messages.3')
    assert.ok(
      (failed.error?.message ?? '').includes(`messages.3: ${'x'.repeat(200)}`) &&
        (failed.error?.message.length ?? 0) < 500
    )
    for (
      const message of [
        'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
        'Your credit balance is too low to access the Anthropic API.'
      ]
    ) {
      assertOutage(
        await bench.ask({ faults: always(invalid(message)) }),
        'MODEL_UNAUTHORIZED',
        1,
        message
      )
    }
    // Two tools of the app are broken; all others are to stay, for the whole day.
    const isBroken = (name: string) => /^(todo|calendar)_list/.test(name)
    const { day, standIn, home } = await bench.day({
      script: ({ messages }) =>
        messages.length < 4 ? { toolCalls: [{ name: 'nonsense', input: {} }] } : DONE,
      faults: (_n, { tools = [] }) => {
        const at = tools.findIndex(tool => isBroken(tool.name))
        return at === -1
          ? undefined
          : invalid(`tools.${at}.custom.input_schema: JSON schema is invalid.`)
      }
    })
    const names = home.tools.modelTools.map(tool => tool.name)
    assert.equal(await act(day), 'end_turn')
    const offered = standIn.seen.map(({ request }) => (request.tools ?? []).map(tool => tool.name))
    assert.deepEqual(offered.map(tools => tools.filter(isBroken).length), [2, 1, 0, 0, 0])
    assert.deepEqual(offered.at(-1), names.filter(name => !isBroken(name)))
    assert.equal(
      new Set(standIn.seen.map(({ body }) => body)).size,
      standIn.seen.length,
      'no request twice'
    )
  }
}, {
  number: 'A7',
  promise: 'a refused key or an unpaid account is an outage at once',
  async play (bench) {
    for (
      const [status, type] of [[401, 'authentication_error'], [402, 'billing_error'], [
        403,
        'permission_error'
      ]] as const
    ) {
      assertOutage(
        await bench.ask({ faults: always(apiError(status, type)) }),
        'MODEL_UNAUTHORIZED',
        1,
        status
      )
    }
  }
}, {
  number: 'A20',
  promise: 'a model that was retired is an outage that names the setting',
  async play (bench) {
    const retired = await bench.ask({
      faults: always(apiError(404, 'not_found_error', 'model: claude-9'))
    })
    assertOutage(retired, 'MODEL_NOT_FOUND', 1, 404)
    assert.match(retired.error?.message ?? '', /ANTHROPIC_MODEL.*claude-9/)
  }
}, {
  number: 'A22',
  promise: 'the key is in no word of any error, whoever repeats it',
  async play (bench) {
    const repeated = { 'x-echo': KEY, 'request-id': KEY }
    const echoes: Fault[] = [
      ...[400, 401, 403, 404, 413, 429, 500, 529].map(status =>
        apiError(status, 'api_error', `x-api-key: ${KEY} and ${encodeURIComponent(KEY)}`, repeated)
      ),
      {
        kind: 'answer',
        status: 502,
        body: `<h1>${KEY}</h1>`,
        headers: { 'content-type': 'text/html', ...repeated }
      },
      {
        kind: 'answer',
        status: 200,
        body:
          `event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"${KEY}"}}\n\n`,
        headers: { 'content-type': 'text/event-stream' }
      },
      anything(KEY, 'text/plain'),
      { kind: 'reset' }
    ]
    for (const fault of echoes) assertSilent(await bench.ask({ faults: always(fault) }), KEY)
    for (const apiKey of [`${KEY}\nx`, `${KEY}\u2602`]) {
      assertSilent(await bench.ask({}, { apiKey }), KEY)
    }
    const { url } = await bench.standIn({ script: () => DONE })
    const secret = 'canary-in-the-address'
    for (
      const baseUrl of [
        url.replace('//', `//user:${secret}@`),
        `${url}/?key=${secret}`,
        `http://[${secret}`
      ]
    ) {
      assertSilent(await bench.ask({}, { baseUrl, retry: { attempts: 1 } }), secret)
    }
    assert.ok(secretsOf({ apiKey: KEY }).includes(KEY))
  }
}]

/** Not in the message, not in the stack, not in any property, own or of a cause. */
function assertSilent ({ error }: Asked, secret: string): void {
  assert.ok(error !== null, 'it failed')
  const own = Object.getOwnPropertyNames(error).map(
    name => [name, String(Reflect.get(error, name))]
  )
  const everything = JSON.stringify([own, error.cause, JSON.stringify(error)])
  assert.ok(!everything.includes(secret), everything)
}
