import type Anthropic from '@anthropic-ai/sdk'
import { setTimeout as wait } from 'node:timers/promises'
import { createCachePrimer } from '../cache-primer.ts'
import { toModelError } from './errors.ts'
import { failureIn, failureOf, type ApiFailure } from './failure.ts'
import { openMessagesApi, type MessagesApi } from './messages.ts'
import { isMessage, toReply } from './reply.ts'
import type { Model, ModelMessage, ModelReply, ModelRequest, ModelTool } from '../model.ts'
import { priceOf, type Price } from '../prices.ts'
import { RETRY_POLICY, waitBeforeRetry, type RetryPolicy } from '../retry.ts'
import { secretsOf } from '../../../platform/secrets.ts'
import { withDeadline } from '../../../platform/deadline.ts'

/**
 * The Claude Messages API behind the port of `model.ts`: what is asked, for how long, and how often
 * again.
 */

export interface ClaudeOptions {
  apiKey: string
  model: string
  /** Undefined: as on our price list. */
  price?: Price | undefined
  /** Another address of the API; undefined: Anthropic's. */
  baseUrl?: string | undefined
  /**
   * One attempt may take this long, in milliseconds, down to the last byte; undefined: by
   * `attemptTimeoutMs`.
   */
  timeoutMs?: number
  /** Of one answer, after unpacking. Undefined: 4 MB, many times what the largest reply takes. */
  maxAnswerBytes?: number
  /** What is to differ from `RETRY_POLICY`. */
  retry?: Partial<RetryPolicy>
}

const MAX_ANSWER_BYTES = 4_000_000
const CACHED = { type: 'ephemeral' } as const

export function createClaude (options: ClaudeOptions): Model {
  let opened: Promise<MessagesApi> | undefined
  const secrets = secretsOf(options)
  const prime = createCachePrimer<ModelReply | ApiFailure>(answer => 'content' in answer)
  const policy = { ...RETRY_POLICY, ...options.retry }
  return {
    name: options.model,
    price: options.price ?? priceOf(options.model) ?? null,
    async complete (request, { signal, remainingMs = Infinity, beforeRetry }) {
      const endsAt = performance.now() + remainingMs
      // With the first request: a process that only answers starts sooner and holds less.
      const api = await (opened ??= openMessagesApi(
        options.apiKey,
        options.baseUrl ?? null,
        options.maxAnswerBytes ?? MAX_ANSWER_BYTES
      ))
      for (let attempt = 1;; attempt++) {
        const answer = await prime(
          request.tools,
          signal,
          () => ask(api, options, request, signal, secrets)
        )
        if ('content' in answer) return answer
        const waitMs = waitBeforeRetry(answer, attempt, policy)
        const failed = toModelError(answer, request)
        if (waitMs === null || performance.now() + waitMs > endsAt) throw failed
        await wait(waitMs, undefined, { signal })
        await beforeRetry?.(failed)
      }
    }
  }
}

/** One request. What went wrong with it is data; only an abort from outside is thrown. */
async function ask (
  api: MessagesApi,
  options: ClaudeOptions,
  request: ModelRequest,
  signal: AbortSignal,
  secrets: string[]
): Promise<ModelReply | ApiFailure> {
  const maxTokens = Math.min(request.maxTokens, outputCap(options.model))
  const timeout = options.timeoutMs ?? attemptTimeoutMs(maxTokens)
  return withDeadline(signal, timeout, async (signal, passed) => {
    try {
      const body = toBody(options.model, { ...request, maxTokens })
      const message = await api.post(body, timeout, signal)
      return isMessage(message) ? toReply(message, options.model) : failureIn(message, secrets)
    } catch (error) {
      if (signal.aborted && !passed()) throw error
      return failureOf(
        passed() ? new Error(`No whole answer within ${timeout} ms.`) : error,
        secrets
      )
    }
  })
}

/**
 * How long one attempt may take. A reply that is not streamed sends no byte until its last token is
 * there, so silence says nothing and there is no idle limit: one clock runs from the first byte of
 * the request to the last of the answer, which also ends a stall in the middle of the body (the
 * SDK's own clock stops at the headers). It is scaled to the length of the reply by the SDK's rule
 * of an hour for 128,000 tokens, at least a minute for the reading, and at most the 300 s after
 * which Node's `fetch` gives up on headers anyway.
 */
export function attemptTimeoutMs (maxTokens: number): number {
  return Math.min(300_000, Math.max(60_000, Math.ceil(maxTokens * 3_600_000 / 128_000)))
}

/**
 * The longest replies of models that have less than 32,000 tokens, and of all others
 * (platform.claude.com, "Models overview").
 */
const OUTPUT_CAPS: [RegExp, number][] = [
  [/claude-3-(opus|sonnet|haiku)|claude-2/, 4096],
  [/claude-3-5/, 8192],
  [/claude-opus-4-(0|1|2025)/, 32_000]
]
const OUTPUT_CAP = 64_000

function outputCap (model: string): number {
  return OUTPUT_CAPS.find(([family]) => family.test(model))?.[1] ?? OUTPUT_CAP
}

/**
 * Four breakpoints, so that what repeats is read from the cache: the tools (the same for every
 * persona of an app), the system prompt (the same for every run of a persona), the end of the
 * conversation (the same for the next turn), and where the last request ended: a breakpoint finds
 * what was written at most 20 blocks before it, and a turn with many calls is longer than that.
 */
function toBody (model: string, { system, tools, messages, maxTokens }: ModelRequest): Uint8Array {
  const ends = new Set<ModelMessage>(messages.filter(message => message.role === 'user').slice(-2))
  const params: Omit<Anthropic.MessageCreateParamsNonStreaming, 'tools'> = {
    model,
    max_tokens: maxTokens,
    system: [{ type: 'text', text: system, cache_control: CACHED }],
    messages: messages.map(message =>
      ends.has(message) ? endingAtBreakpoint(message) : message
    ) as Anthropic.MessageParam[]
  }
  return Buffer.concat([beginningWith(tools), Buffer.from(JSON.stringify(params).slice(1))])
}

/**
 * By a list that is never changed: most of a request, and the same from run to run, it is written
 * and encoded once.
 */
const written = new WeakMap<ModelTool[], Buffer>()

function beginningWith (tools: ModelTool[]): Buffer {
  const asParams = () =>
    tools.map((tool, i): Anthropic.Tool => ({
      name: tool.name,
      description: tool.description,
      input_schema: tool.inputSchema as Anthropic.Tool.InputSchema,
      ...(i === tools.length - 1 && { cache_control: CACHED })
    }))
  const bytes = written.get(tools) ?? Buffer.from(`{"tools":${JSON.stringify(asParams())},`)
  written.set(tools, bytes)
  return bytes
}

function endingAtBreakpoint ({ role, content }: ModelMessage) {
  return {
    role,
    content: content.map((block, i) =>
      i === content.length - 1 ? { ...block, cache_control: CACHED } : block
    )
  }
}
