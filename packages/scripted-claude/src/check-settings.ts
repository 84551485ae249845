import { isRecord } from './is-record.ts'

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/
const PROPERTY_KEY = /^[a-zA-Z0-9_.-]{1,64}$/
const MAX_BREAKPOINTS = 4
/** Gone since anthropic-version 2026-10-21. */
const REMOVED_SETTINGS = ['temperature', 'top_p', 'top_k']
const COMBINATORS = ['oneOf', 'allOf', 'anyOf']

type Body = Record<string, unknown>

/** Everything beside the tools and the messages. */
export function checkSettings (body: Body): string | null {
  if (typeof body['model'] !== 'string' || body['model'] === '') return 'model: Field required'
  if (body['max_tokens'] === undefined) return 'max_tokens: Field required'
  if (!Number.isInteger(body['max_tokens'])) return 'max_tokens: Input should be a valid integer'
  if (Number(body['max_tokens']) < 1) return 'max_tokens: must be greater than or equal to 1'
  const removed = REMOVED_SETTINGS.find(name => body[name] !== undefined)
  if (removed !== undefined) return `${removed}: Extra inputs are not permitted`
  return checkSystem(body['system']) ?? checkBreakpoints(body)
}

/** Each tool by itself, then all of them together. */
export function checkTools (body: Body): string | null {
  if (body['tools'] === undefined) return null
  if (!Array.isArray(body['tools'])) return 'tools: Input should be a valid list'
  const tools: unknown[] = body['tools']
  for (const [i, tool] of tools.entries()) {
    const problem = checkTool(tool)
    if (problem !== null) return `tools.${i}.custom.${problem}`
  }
  const names = tools.map(tool => isRecord(tool) ? tool['name'] : undefined)
  return new Set(names).size === names.length ? null : 'tools: Tool names must be unique.'
}

function checkTool (tool: unknown): string | null {
  if (!isRecord(tool) || typeof tool['name'] !== 'string') return 'name: Field required'
  if (!TOOL_NAME.test(tool['name'])) {
    return `name: String should match pattern '${TOOL_NAME.source}'`
  }
  const schema = tool['input_schema']
  if (!isRecord(schema)) return 'input_schema: Field required'
  if (schema['type'] !== 'object') return "input_schema.type: Input should be 'object'"
  const properties = schema['properties'] ?? {}
  if (!isRecord(properties)) {
    return 'input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12'
  }
  if (!Object.keys(properties).every(key => PROPERTY_KEY.test(key))) {
    return `input_schema.properties: Property keys should match pattern '${PROPERTY_KEY.source}'`
  }
  return COMBINATORS.some(word => schema[word] !== undefined)
    ? 'input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level'
    : null
}

function checkSystem (system: unknown): string | null {
  if (system === undefined || typeof system === 'string') return null
  if (!Array.isArray(system)) return 'system: Input should be a valid string or list'
  const blocks: unknown[] = system
  const legal = blocks.every(block =>
    isRecord(block) && block['type'] === 'text' && typeof block['text'] === 'string'
  )
  if (!legal) return 'system: Input should be a list of text blocks'
  return blocks.some(block => isRecord(block) && block['text'] === '')
    ? 'system: text content blocks must be non-empty'
    : null
}

function checkBreakpoints (body: Body): string | null {
  const found =
    [body, ...listOf(body['tools']), ...listOf(body['system']), ...contentBlocks(body['messages'])]
      .filter(place =>
        isRecord(place) && place['cache_control'] !== undefined && place['cache_control'] !== null
      ).length
  return found > MAX_BREAKPOINTS
    ? `A maximum of ${MAX_BREAKPOINTS} blocks with cache_control may be provided. Found ${found}.`
    : null
}

/** Blocks of all messages, and the blocks inside of tool results: both may carry a breakpoint. */
function contentBlocks (messages: unknown): unknown[] {
  const blocks = listOf(messages).flatMap(message =>
    isRecord(message) ? listOf(message['content']) : []
  )
  return blocks.flatMap(block => isRecord(block) ? [block, ...listOf(block['content'])] : [])
}

function listOf (value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
