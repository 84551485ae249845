import type { ModelError } from '../../platform/errors.ts'
import type { Price, Usage } from './prices.ts'

export type { Usage } from './prices.ts'

/**
 * The port to a language model. Everything the runner needs of a provider, and nothing of its SDK:
 * `claude.ts` is the one adapter today. The block shapes are those of the Messages API, because the
 * journal stores them as they are and a run must be able to go on from its journal.
 */

interface TextBlock {
  type: 'text'
  text: string
}
export interface ToolUseBlock {
  type: 'tool_use'
  id: string
  name: string
  input: unknown
}
export interface ToolResultBlock {
  type: 'tool_result'
  tool_use_id: string
  content: string
  is_error?: boolean
}

/** A block of a kind we do not read (thinking, for one), kept and sent back unchanged. */
interface OpaqueBlock {
  type: 'thinking' | 'redacted_thinking' | 'compaction'
  [key: string]: unknown
}

/** Why the provider ended a reply, in its own words. Kept with the reply, never sent back. */
interface StopDetailsBlock {
  type: 'stop_details'
  category: string | null
  explanation: string | null
}

export type AssistantBlock = TextBlock | ToolUseBlock | OpaqueBlock | StopDetailsBlock
export type UserBlock = TextBlock | ToolResultBlock

export type ModelMessage =
  | { role: 'user', content: UserBlock[] }
  | { role: 'assistant', content: AssistantBlock[] }

export interface ModelTool {
  /** Already legal for the provider; see `tool-names.ts`. */
  name: string
  description: string
  inputSchema: Record<string, unknown>
}

export interface ModelRequest {
  system: string
  tools: ModelTool[]
  messages: ModelMessage[]
  /** Upper bound of the reply, in tokens. */
  maxTokens: number
}

/**
 * The stop reason of a conversation that is too long; one that was refused as too long is journaled
 * as an empty reply with it.
 */
export const TOO_LONG = 'model_context_window_exceeded'

export interface ModelReply {
  content: AssistantBlock[]
  /** `end_turn`, `tool_use`, `max_tokens`, `refusal`, … or one that does not exist yet. */
  stopReason: string
  /** The model that answered, as the provider names it. */
  model: string
  usage: Usage
}

export interface Model {
  /** The model asked for, as stored with every run. */
  readonly name: string
  /** Null: unknown. */
  readonly price: Price | null
  /**
   * One request, one reply. Retries what is worth retrying by itself.
   * @param options.remainingMs what is left of the run: no wait is begun that would outlast it
   * @param options.beforeRetry asked before the request goes out once more, with what became of the
   *   one before; what it throws is the end of it
   * @throws ModelError with a code that says what an operator can do; with `outage` where it
   *   concerns every run, with `remedy` where the same request would be taken in another form
   */
  complete(request: ModelRequest, options: {
    signal: AbortSignal
    remainingMs?: number
    beforeRetry?: (failed: ModelError) => Promise<void>
  }): Promise<ModelReply>
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheWriteTokens: 0,
  cacheReadTokens: 0
}
