import type Anthropic from '@anthropic-ai/sdk'
import { oneLine } from '../../../platform/text.ts'
import type { AssistantBlock, ModelReply } from '../model.ts'

/** Whether a body that came with status 200 is a message: a proxy may answer with anything. */
export function isMessage (value: unknown): value is Anthropic.Message {
  const message = value as Partial<Anthropic.Message> | null
  return typeof message === 'object' && message?.type === 'message' &&
    typeof message.stop_reason === 'string' &&
    Array.isArray(message.content) && message.content.every(isBlock) && hasOwnIds(message.content)
}

/** Blocks of kinds that do not exist yet are left out later, so they may hold anything. */
function isBlock (value: unknown): boolean {
  const block = value as { type?: unknown, text?: unknown, id?: unknown, name?: unknown } | null
  if (typeof block !== 'object' || typeof block?.type !== 'string') return false
  if (block.type === 'text') return typeof block.text === 'string'
  return block.type !== 'tool_use' ||
    (typeof block.id === 'string' && typeof block.name === 'string')
}

/** Two calls with one id could never be answered. */
function hasOwnIds (content: Anthropic.ContentBlock[]): boolean {
  const ids = content.flatMap(block => block.type === 'tool_use' ? [block.id] : [])
  return new Set(ids).size === ids.length
}

const KEPT = new Set(['text', 'tool_use', 'thinking', 'redacted_thinking', 'compaction'])

/** @param asked the model asked for, where the answer does not say which one it came from */
export function toReply (message: Anthropic.Message, asked: string): ModelReply {
  const { usage } = message as Partial<Anthropic.Message>
  return {
    content: [
      ...atMost(message.content.filter(block => KEPT.has(block.type))).map(toBlock),
      ...stopDetailsOf(message)
    ],
    stopReason: message.stop_reason ?? 'end_turn',
    model: typeof message.model === 'string' ? message.model : asked,
    usage: {
      inputTokens: toCount(usage?.input_tokens),
      outputTokens: toCount(usage?.output_tokens),
      cacheWriteTokens: toCount(usage?.cache_creation_input_tokens),
      cacheReadTokens: toCount(usage?.cache_read_input_tokens)
    }
  }
}

/**
 * A reply of thousands of calls is no day in an app; those that are kept are executed or refused.
 */
const MAX_CALLS = 64
const MAX_BLOCKS = 256

/** The first of them, in their order. */
function atMost (blocks: Anthropic.ContentBlock[]): Anthropic.ContentBlock[] {
  let calls = 0
  return blocks.filter(({ type }) => type !== 'tool_use' || ++calls <= MAX_CALLS).slice(
    0,
    MAX_BLOCKS
  )
}

/** Only what may be sent back: the API refuses fields of its own answers, such as citations. */
function toBlock (block: Anthropic.ContentBlock): AssistantBlock {
  if (block.type === 'text') return { type: 'text', text: block.text }
  if (block.type === 'tool_use') {
    return { type: 'tool_use', id: block.id, name: block.name, input: block.input }
  }
  return { ...block } as AssistantBlock
}

/**
 * Which policy a refusal names, and its explanation: all that an operator gets to know about it.
 */
function stopDetailsOf ({ stop_details: details }: Partial<Anthropic.Message>): AssistantBlock[] {
  if (typeof details !== 'object' || details === null) return []
  const toText = (value: unknown) => typeof value === 'string' ? oneLine(value) : null
  return [{
    type: 'stop_details',
    category: toText(details.category),
    explanation: toText(details.explanation)
  }]
}

function toCount (value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}
