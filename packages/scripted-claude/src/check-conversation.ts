import { blocksOf } from './messages-request.ts'
import type { RequestBlock, RequestMessage } from './messages-request.ts'

/**
 * How the messages fit together: who begins, who ends, and that every tool call has its answer in
 * the very next message. Runs after `checkMessages`, which has proved the shape of every message.
 */
export function checkConversation (body: Record<string, unknown>): string | null {
  const messages = body['messages'] as RequestMessage[]
  if (messages[0]?.role !== 'user') return 'messages: first message must use the "user" role'
  const seen = new Set<string>()
  for (const [i, message] of messages.entries()) {
    const problem = checkCalls(message, i, messages[i + 1], seen) ??
      checkResults(message, i, messages[i - 1])
    if (problem !== null) return problem
  }
  return messages.at(-1)?.role === 'assistant'
    ? 'This model does not support assistant message prefill. The conversation must end with a user message.'
    : null
}

function checkCalls (
  message: RequestMessage,
  i: number,
  next: RequestMessage | undefined,
  seen: Set<string>
): string | null {
  const ids = callIds(message)
  for (const id of ids) {
    if (seen.has(id)) return 'messages: `tool_use` ids must be unique'
    seen.add(id)
  }
  const answered = leadingResultIds(next)
  const missing = ids.filter(id => !answered.includes(id))
  return missing.length > 0
    ? `messages.${i}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${
      missing.join(', ')
    }. ` +
      'Each `tool_use` block must have a corresponding `tool_result` block in the next message.'
    : null
}

function checkResults (
  message: RequestMessage,
  i: number,
  previous: RequestMessage | undefined
): string | null {
  const asked = previous === undefined ? [] : callIds(previous)
  const answered = new Set<string>()
  for (const [j, block] of blocksOf(message.content).entries()) {
    if (block.type !== 'tool_result') continue
    const id = block.tool_use_id
    if (!asked.includes(id)) {
      return `messages.${i}.content.${j}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
        'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.'
    }
    if (answered.has(id)) {
      return `messages.${i}.content.${j}: each tool_use must have a single result. Found multiple with id: ${id}`
    }
    answered.add(id)
  }
  return null
}

function callIds (message: RequestMessage): string[] {
  return blocksOf(message.content).flatMap(block => block.type === 'tool_use' ? [block.id] : [])
}

/**
 * Results count only at the head of the message: the real API does not find those that stand behind
 * a text.
 */
function leadingResultIds (message: RequestMessage | undefined): string[] {
  const blocks: RequestBlock[] = message?.role === 'user' ? blocksOf(message.content) : []
  const end = blocks.findIndex(block => block.type !== 'tool_result')
  return blocks.slice(0, end === -1 ? blocks.length : end).flatMap(block =>
    block.type === 'tool_result' ? [block.tool_use_id] : []
  )
}
