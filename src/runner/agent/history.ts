import {
  TOO_LONG,
  type AssistantBlock,
  type ModelMessage,
  type ToolResultBlock,
  type ToolUseBlock,
  type UserBlock
} from '../models/model.ts'
import { legalName } from '../tools/tool-names.ts'

/** One message of the journal, as it was stored when it happened. */
export type JournaledMessage =
  & { seq: number, phase: 'acting' | 'reflecting' }
  & (
    | { role: 'user', content: UserBlock[], stopReason: null }
    | { role: 'assistant', content: AssistantBlock[], stopReason: string }
  )
export type AssistantMessage = Extract<JournaledMessage, { role: 'assistant' }>

/** A message without its place in the journal. */
export type NewMessage =
  | { phase: 'acting' | 'reflecting', role: 'user', content: UserBlock[], stopReason: null }
  | {
    phase: 'acting' | 'reflecting'
    role: 'assistant'
    content: AssistantBlock[]
    stopReason: string
  }

export function isActingReply (message: JournaledMessage): message is AssistantMessage {
  return message.role === 'assistant' && message.phase === 'acting'
}

/** Replies of the acting phase. */
export function turnsOf (journal: readonly JournaledMessage[]): number {
  return journal.filter(isActingReply).length
}

/** The calls in a message, whether or not they may be executed. */
export function toolUses (message: JournaledMessage | undefined): ToolUseBlock[] {
  return message?.role === 'assistant'
    ? message.content.filter(block => block.type === 'tool_use')
    : []
}

/**
 * The calls that may be executed: only those of a message that ended with `tool_use` while the
 * persona was acting. A message cut by `max_tokens` can hold a call whose input looks whole, and a
 * refusal may have cut one off.
 */
export function executableCalls (message: JournaledMessage | undefined): ToolUseBlock[] {
  return message?.role === 'assistant' && message.phase === 'acting' &&
      message.stopReason === 'tool_use'
    ? toolUses(message)
    : []
}

/**
 * The position of a message's first action in its run: fixed by what is journaled before it, so
 * that a crash changes no number.
 */
export function firstOrdinal (journal: JournaledMessage[], seq: number): number {
  return journal.filter(message => message.seq < seq).reduce(
    (sum, message) => sum + executableCalls(message).length,
    0
  )
}

/**
 * Cut or refused before its calls were whole: the conversation goes on as if it had not been said.
 */
function isBroken (message: JournaledMessage): boolean {
  return message.role === 'assistant' &&
    (message.content.length === 0 || message.stopReason === TOO_LONG ||
      (toolUses(message).length > 0 && message.stopReason !== 'tool_use'))
}

/**
 * The conversation to send, rebuilt from the journal. Whatever the journal was cut off at, the
 * result is one that the Messages API takes: roles alternate, no content is empty, and every call
 * is answered at once, in the user message behind it, results first.
 * @param unanswered said in place of a result that the journal does not have
 */
export function toMessages (journal: JournaledMessage[], unanswered: string): ModelMessage[] {
  const messages: ModelMessage[] = []
  let open: ToolUseBlock[] = []
  for (const message of journal) {
    if (isBroken(message)) continue
    if (message.role === 'assistant') {
      closeCalls(messages, open, [], unanswered)
      pushAssistant(messages, message.content)
      open = toolUses(message)
    } else {
      closeCalls(messages, open, message.content, unanswered)
      open = []
    }
  }
  closeCalls(messages, open, [], unanswered)
  return messages
}

/**
 * Adds a user message: the results of the open calls first, in the order they were asked for, then
 * its other blocks.
 */
function closeCalls (
  messages: ModelMessage[],
  open: ToolUseBlock[],
  content: UserBlock[],
  unanswered: string
): void {
  const given = new Map(
    content.filter(block => block.type === 'tool_result').map(block => [block.tool_use_id, block])
  )
  const results = open.map((call): ToolResultBlock =>
    given.get(call.id) ??
      { type: 'tool_result', tool_use_id: call.id, content: unanswered, is_error: true }
  )
  const blocks = [
    ...results,
    ...content.filter(block => block.type === 'text' && block.text.trim() !== '')
  ]
  if (blocks.length === 0) return
  const last = messages.at(-1)
  if (last?.role === 'user') last.content.push(...blocks)
  else messages.push({ role: 'user', content: blocks })
}

function pushAssistant (messages: ModelMessage[], content: AssistantBlock[]): void {
  const blocks = content.filter(block =>
    block.type !== 'stop_details' && (block.type !== 'text' || block.text.trim() !== '')
  )
    .map(block => block.type === 'tool_use' ? toSendable(block) : block)
  if (blocks.length === 0) return
  const last = messages.at(-1)
  if (last?.role === 'assistant') last.content.push(...blocks)
  else messages.push({ role: 'assistant', content: blocks })
}

/**
 * The API refuses in a call of its own what it refuses in a tool: a made-up name like
 * `todo.create`, an input that is no object.
 */
function toSendable (call: ToolUseBlock): ToolUseBlock {
  const isObject = typeof call.input === 'object' && call.input !== null &&
    !Array.isArray(call.input)
  return { ...call, name: legalName(call.name), input: isObject ? call.input : {} }
}

/** What the provider said about the last refusal; null: nothing. */
export function refusalDetail (journal: readonly JournaledMessage[]): string | null {
  const details = journal.findLast(message => message.stopReason === 'refusal')?.content.find(
    block => block.type === 'stop_details'
  )
  return details === undefined
    ? null
    : [details.category, details.explanation].filter(text => text !== null).join(': ') || null
}

/** What the persona said in a message, tool calls aside. */
export function spokenText (message: JournaledMessage | undefined): string {
  return (message?.content ?? []).flatMap(block =>
    block.type === 'text' ? [block.text as string] : []
  ).join('\n').trim()
}
