import Anthropic from '@anthropic-ai/sdk'
import type { AssistantBlock, Model, ModelReply, ModelRequest } from './model.ts'
import { priceOf, type Price } from './prices.ts'
import { ModelError } from '../errors.ts'
import { oneLine } from '../text.ts'

/** The one door to the Anthropic SDK: the Claude Messages API behind the port of `model.ts`. */

export interface ClaudeOptions {
  apiKey: string
  model: string
  /** Undefined: as on our price list. */
  price?: Price | undefined
  /** Another address of the API; undefined: Anthropic's. */
  baseUrl?: string | undefined
  /** One attempt may take this long, in milliseconds. */
  timeoutMs?: number
}

const CACHED = { type: 'ephemeral' } as const
/** A garbled answer (a proxy's error page with status 200) is asked for once more. */
const MAX_GARBLED = 2

export function createClaude (options: ClaudeOptions): Model {
  const client = new Anthropic({
    apiKey: options.apiKey, baseURL: options.baseUrl ?? null, maxRetries: 2, timeout: options.timeoutMs ?? 120_000, logLevel: 'off'
  })
  return {
    name: options.model,
    price: options.price ?? priceOf(options.model) ?? null,
    async complete (request, { signal }) {
      for (let attempt = 1; ; attempt++) {
        const reply = await ask(client, options.model, request, signal)
        if (reply !== undefined) return reply
        if (attempt >= MAX_GARBLED) throw new ModelError('MODEL_BAD_ANSWER', 'The model API answered twice with something that is not a message. A proxy may stand in between; check ANTHROPIC_BASE_URL.')
      }
    }
  }
}

/** @returns undefined for an answer that is not a message */
async function ask (client: Anthropic, model: string, request: ModelRequest, signal: AbortSignal): Promise<ModelReply | undefined> {
  try {
    const message: unknown = await client.messages.create(toParams(model, request), { signal })
    return isMessage(message) ? toReply(message) : undefined
  } catch (error) {
    if (signal.aborted) throw error
    if (error instanceof SyntaxError) return undefined
    throw toModelError(error, client.apiKey)
  }
}

/**
 * Three breakpoints, so that what repeats is read from the cache: the tools (the same for every persona of an
 * app), the system prompt (the same for every run of a persona) and the end of the conversation (the same for
 * the next turn).
 */
export function toParams (model: string, request: ModelRequest): Anthropic.MessageCreateParamsNonStreaming {
  const lastMessage = request.messages.length - 1
  return {
    model,
    max_tokens: request.maxTokens,
    system: [{ type: 'text', text: request.system, cache_control: CACHED }],
    tools: request.tools.map((tool, i) => ({
      name: tool.name,
      description: tool.description,
      input_schema: tool.inputSchema as Anthropic.Tool.InputSchema,
      ...(i === request.tools.length - 1 && { cache_control: CACHED })
    })),
    messages: request.messages.map((message, i) => ({
      role: message.role,
      content: message.content.map((block, j) =>
        i === lastMessage && j === message.content.length - 1 ? { ...block, cache_control: CACHED } : block)
    })) as Anthropic.MessageParam[]
  }
}

/** A proxy may answer 200 with anything. */
function isMessage (value: unknown): value is Anthropic.Message {
  const message = value as Partial<Anthropic.Message> | null
  return typeof message === 'object' && message?.type === 'message' && Array.isArray(message.content) && typeof message.stop_reason === 'string'
}

const KEPT = new Set(['text', 'tool_use', 'thinking', 'redacted_thinking', 'compaction'])

function toReply (message: Anthropic.Message): ModelReply {
  return {
    content: message.content.filter(block => KEPT.has(block.type)).map(toBlock),
    stopReason: message.stop_reason ?? 'end_turn',
    model: message.model,
    usage: {
      inputTokens: message.usage?.input_tokens ?? 0,
      outputTokens: message.usage?.output_tokens ?? 0,
      cacheWriteTokens: message.usage?.cache_creation_input_tokens ?? 0,
      cacheReadTokens: message.usage?.cache_read_input_tokens ?? 0
    }
  }
}

/** Only what may be sent back: the API refuses fields of its own answers, such as citations. */
function toBlock (block: Anthropic.ContentBlock): AssistantBlock {
  if (block.type === 'text') return { type: 'text', text: block.text }
  if (block.type === 'tool_use') return { type: 'tool_use', id: block.id, name: block.name, input: block.input }
  return { ...block } as AssistantBlock
}

function toModelError (error: unknown, apiKey: string | null): ModelError {
  const { status, type } = error as { status?: number, type?: string }
  // The message only: the SDK's errors carry headers, and those carry the key. A proxy may repeat it in its
  // words, and so does `fetch` when the key is no legal header.
  const said = oneLine((error instanceof Error ? error.message : String(error)).replaceAll(apiKey || '\0', '[key]'), 300)
  if (status === 401 || status === 403) return new ModelError('MODEL_UNAUTHORIZED', `The model API refuses the key (${status}): check ANTHROPIC_API_KEY. ${said}`)
  if (status === 402) return new ModelError('MODEL_UNAUTHORIZED', `The model account cannot pay (402). ${said}`)
  if (status === 429 || type === 'rate_limit_error') return new ModelError('MODEL_RATE_LIMITED', `The model API limits the rate. ${said}`)
  if (status === 529 || type === 'overloaded_error' || (status !== undefined && status >= 500)) return new ModelError('MODEL_OVERLOADED', `The model API is overloaded or out of order (${status ?? type}). ${said}`)
  if (status !== undefined) return new ModelError('MODEL_REFUSED_REQUEST', `The model API refused the request (${status}): check ANTHROPIC_MODEL and the tools of the app. ${said}`)
  return new ModelError('MODEL_UNREACHABLE', `The model API cannot be reached: check ANTHROPIC_BASE_URL and the network. ${said}`)
}
