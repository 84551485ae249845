import { isRecord } from './is-record.ts'

/** Which blocks may stand in whose message. */
const BLOCKS: Record<string, string[]> = {
  user: ['text', 'tool_result', 'image', 'document'],
  assistant: ['text', 'tool_use', 'thinking', 'redacted_thinking', 'compaction']
}
const TOOL_USE_ID = /^[a-zA-Z0-9_-]+$/
/** Also of a call that the model itself made up. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/

/** Each message by itself; how they fit together is `check-conversation.ts`. */
export function checkMessages (body: Record<string, unknown>): string | null {
  if (!Array.isArray(body['messages'])) return 'messages: Field required'
  const messages: unknown[] = body['messages']
  if (messages.length === 0) return 'messages: at least one message is required'
  for (const [i, message] of messages.entries()) {
    const problem = checkMessage(message, `messages.${i}`, i === messages.length - 1)
    if (problem !== null) return problem
  }
  return null
}

function checkMessage (message: unknown, at: string, isLast: boolean): string | null {
  if (!isRecord(message)) return `${at}: Input should be an object`
  const { role, content } = message
  if (role !== 'user' && role !== 'assistant') {
    return `${at}.role: Input should be 'user' or 'assistant'`
  }
  if (typeof content !== 'string' && !Array.isArray(content)) return `${at}.content: Field required`
  if (content.length === 0) {
    return isLast && role === 'assistant'
      ? null
      : `${at}: all messages must have non-empty content except for the optional final assistant message`
  }
  if (typeof content === 'string') return checkText(content)
  const blocks: unknown[] = content
  for (const [i, block] of blocks.entries()) {
    const problem = checkBlock(block, `${at}.content.${i}`, BLOCKS[role] ?? [])
    if (problem !== null) return problem
  }
  return null
}

function checkBlock (block: unknown, at: string, allowed: string[]): string | null {
  if (!isRecord(block)) return `${at}: Input should be an object`
  const type = String(block['type'])
  if (!allowed.includes(type)) {
    return `${at}: Input tag '${type}' found using 'type' does not match any of the expected tags: ${
      allowed.join(', ')
    }`
  }
  if (type === 'text') return checkText(block['text'])
  if (type === 'tool_use') return checkToolUse(block, at)
  return type === 'tool_result' ? checkToolResult(block, at) : null
}

function checkText (text: unknown): string | null {
  if (typeof text !== 'string' || text === '') {
    return 'messages: text content blocks must be non-empty'
  }
  return text.trim() === ''
    ? 'messages: text content blocks must contain non-whitespace text'
    : null
}

function checkToolUse (block: Record<string, unknown>, at: string): string | null {
  if (typeof block['id'] !== 'string' || !TOOL_USE_ID.test(block['id'])) {
    return `${at}.tool_use.id: String should match pattern '${TOOL_USE_ID.source}'`
  }
  if (typeof block['name'] !== 'string') return `${at}.tool_use.name: Field required`
  if (!TOOL_NAME.test(block['name'])) {
    return `${at}.tool_use.name: String should match pattern '${TOOL_NAME.source}'`
  }
  return isRecord(block['input'])
    ? null
    : `${at}.tool_use.input: Input should be a valid dictionary`
}

/** An empty string is a legal result; an empty block in a list is not. */
function checkToolResult (block: Record<string, unknown>, at: string): string | null {
  const { content } = block
  if (typeof block['tool_use_id'] !== 'string') {
    return `${at}.tool_result.tool_use_id: Field required`
  }
  if (content === undefined || typeof content === 'string') return null
  if (!Array.isArray(content)) {
    return `${at}.tool_result.content: Input should be a valid string or list`
  }
  const parts: unknown[] = content
  return parts.map(part =>
    isRecord(part) && part['type'] === 'text' ? checkText(part['text']) : null
  )
    .find(problem => problem !== null) ?? null
}
