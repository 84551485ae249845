/**
 * The part of a Messages API request that scripts read. Written out here and not taken from the
 * SDK: the stand-in is the other end of the wire, and must not share its client's idea of what is
 * right.
 */

export interface TextBlock {
  type: 'text'
  text: string
  cache_control?: unknown
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
  content?: string | TextBlock[]
  is_error?: boolean
}

/** Blocks that no script looks into. */
export interface OtherBlock {
  type: 'thinking' | 'redacted_thinking' | 'compaction' | 'image' | 'document'
}

export type RequestBlock = TextBlock | ToolUseBlock | ToolResultBlock | OtherBlock

export interface RequestMessage {
  role: 'user' | 'assistant'
  content: string | RequestBlock[]
}

export interface RequestTool {
  name: string
  description?: string
  input_schema: Record<string, unknown>
}

export interface MessagesRequest {
  model: string
  max_tokens: number
  system?: string | TextBlock[]
  tools?: RequestTool[]
  tool_choice?: { type: string }
  output_config?: unknown
  /** At the top level: caches up to the last block. */
  cache_control?: unknown
  messages: RequestMessage[]
}

/** A string is shorthand for one text block. */
export function blocksOf (content: string | RequestBlock[] | undefined): RequestBlock[] {
  if (content === undefined) return []
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

/** The words of a message, without tool calls and results. */
export function textOf (content: string | RequestBlock[] | undefined): string {
  return blocksOf(content).map(block => block.type === 'text' ? block.text : '').filter(text =>
    text !== ''
  ).join('\n')
}
