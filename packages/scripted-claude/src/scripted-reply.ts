import { randomUUID } from 'node:crypto'
import type { MessagesRequest } from './messages-request.ts'
import { tokensOf } from './prompt-cache.ts'
import type { InputUsage } from './prompt-cache.ts'

export interface ReplyUsage extends InputUsage {
  output_tokens: number
}

/** What a script answers. Empty means a reply without content, which the real API gives too. */
export interface ScriptedReply {
  text?: string
  /** `id` is made up unless given. */
  toolCalls?: { name: string, input: unknown, id?: string }[]
  /** Unless given: `tool_use` with tool calls, else `end_turn`. */
  stopReason?: string
  /** Overrides what the stand-in would count. */
  usage?: Partial<ReplyUsage>
  /** Instead of a reply: an error in the real API's form. */
  error?: { status: number, type: string, message: string, headers?: Record<string, string> }
  /** Waits before whatever it answers. */
  delayMs?: number
  /** Instead of a reply: anything at all, as a broken proxy would send it. */
  raw?: { status: number, contentType: string, body: string }
  /** Instead of a reply: the connection is reset. */
  destroy?: boolean
}

/** nth request of this conversation: the number of assistant messages so far. */
export interface ScriptContext {
  index: number
}

export type Script = (
  request: MessagesRequest,
  context: ScriptContext
) => ScriptedReply | Promise<ScriptedReply>

/** The body of a 200, with every field that the real one has. */
export function replyBody (
  request: MessagesRequest,
  reply: ScriptedReply,
  counted: InputUsage
): Record<string, unknown> {
  const content = contentOf(reply)
  return {
    id: `msg_${randomId()}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content,
    stop_reason: reply.stopReason ?? (reply.toolCalls?.length ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    stop_details: null,
    container: null,
    usage: {
      ...counted,
      output_tokens: tokensOf(content),
      service_tier: 'standard',
      ...reply.usage
    }
  }
}

/** Ids are random as the real ones are: a caller that relied on their order would break there. */
function contentOf (reply: ScriptedReply): Record<string, unknown>[] {
  const text = reply.text ? [{ type: 'text', text: reply.text }] : []
  const calls = (reply.toolCalls ?? []).map(({ id, name, input }) => ({
    type: 'tool_use',
    id: id ?? `toolu_${randomId()}`,
    name,
    input
  }))
  return [...text, ...calls]
}

export function randomId (): string {
  return randomUUID().replaceAll('-', '')
}
