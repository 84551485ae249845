import { createHash } from 'node:crypto'
import { blocksOf } from './messages-request.ts'
import type { MessagesRequest } from './messages-request.ts'

export interface InputUsage {
  input_tokens: number
  cache_creation_input_tokens: number
  cache_read_input_tokens: number
}

/** A request up to and including one block. */
interface Prefix {
  key: string
  tokens: number
  isBreakpoint: boolean
}

// The real cache: nothing shorter is kept, an entry lives five minutes from its last use, and a
// breakpoint finds entries at most twenty blocks before it (platform.claude.com, "Prompt caching").
const MIN_TOKENS = 1_024
const LIFETIME_MS = 5 * 60_000
const LOOKBACK_BLOCKS = 20

/**
 * Roughly right for prose in Latin letters, and the same for the same text, which is what matters
 * here.
 */
export function tokensOf (value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / 4)
}

/**
 * What the real API would bill as read from, written to and passed by its prompt cache, so that a
 * lost cache shows in a test and not on the invoice.
 */
export class PromptCache {
  readonly #expiresAtMs = new Map<string, number>()

  /**
   * Counts a request when it arrives. `keep` remembers its breakpoints when it is answered: those
   * that arrive in between read nothing of it.
   */
  count (
    request: MessagesRequest,
    nowMs: number
  ): { usage: InputUsage, keep: (nowMs: number) => void } {
    this.#forgetExpired(nowMs)
    const prefixes = prefixesOf(request)
    const total = prefixes.at(-1)?.tokens ?? 0
    const marks = [...prefixes.keys()].filter(i =>
      prefixes[i]?.isBreakpoint && prefixes[i].tokens >= MIN_TOKENS
    )
    const cached = marks.at(-1)
    if (cached === undefined) {
      return {
        usage: { input_tokens: total, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
        keep: () => {}
      }
    }
    const found = prefixes.findLast((prefix, i) =>
      this.#expiresAtMs.has(prefix.key) && isInReach(i, marks)
    )
    const keep = (nowMs: number) => {
      for (const prefix of [found, ...marks.map(i => prefixes[i])]) {
        if (prefix !== undefined) this.#expiresAtMs.set(prefix.key, nowMs + LIFETIME_MS)
      }
    }
    const upTo = prefixes[cached]?.tokens ?? 0
    const read = found?.tokens ?? 0
    return {
      usage: {
        input_tokens: total - upTo,
        cache_creation_input_tokens: upTo - read,
        cache_read_input_tokens: read
      },
      keep
    }
  }

  #forgetExpired (nowMs: number): void {
    for (const [key, expiresAtMs] of this.#expiresAtMs) {
      if (expiresAtMs <= nowMs) this.#expiresAtMs.delete(key)
    }
  }
}

function isInReach (i: number, marks: number[]): boolean {
  return marks.some(mark => mark >= i && mark - i < LOOKBACK_BLOCKS)
}

function prefixesOf (request: MessagesRequest): Prefix[] {
  const hash = createHash('sha256').update(request.model)
  const blocks = cacheOrder(request)
  let chars = 0
  return blocks.map(({ block, settings }, i) => {
    const { cache_control: mark, ...rest } = block
    const text = JSON.stringify(rest)
    chars += text.length
    hash.update(settings).update(text)
    const isBreakpoint = isSet(mark) || (i === blocks.length - 1 && isSet(request.cache_control))
    return { key: hash.copy().digest('base64'), tokens: Math.ceil(chars / 4), isBreakpoint }
  })
}

/**
 * The order of the cache's prefix: tools, system, messages. Settings that the messages depend on
 * count from there on.
 */
function cacheOrder (
  request: MessagesRequest
): { block: Record<string, unknown>, settings: string }[] {
  const settings = JSON.stringify([request.tool_choice, request.output_config])
  const head = [...request.tools ?? [], ...blocksOf(request.system)]
  const tail = request.messages.flatMap(({ role, content }) =>
    blocksOf(content).map(block => ({ ...block, role }))
  )
  return [
    ...head.map(block => ({ block: { ...block }, settings: '' })),
    ...tail.map(block => ({ block: { ...block }, settings }))
  ]
}

function isSet (mark: unknown): boolean {
  return mark !== undefined && mark !== null
}
