import type { Tool } from './toolbox.ts'
import { clean, cleanJson, cutBytes, nestsTooDeep } from '../text.ts'

/** Vets the tools of a server one by one, so that a malformed one never takes the others along. Pure. */

const MAX_SCHEMA_BYTES = 100_000
const MAX_DESCRIPTION_BYTES = 8000
const TOP_LEVEL_COMBINATORS = ['oneOf', 'anyOf', 'allOf', '$ref']

export function toTools (listed: unknown[], trusted: boolean): Tool[] {
  const byName = new Map<string, Tool>()
  for (const item of listed) {
    const tool = toTool(item, trusted)
    if (tool !== undefined && !byName.has(tool.name)) byName.set(tool.name, tool) // the first of a name wins
  }
  return [...byName.values()]
}

function toTool (item: unknown, trusted: boolean): Tool | undefined {
  if (item === null || typeof item !== 'object') return undefined
  const { name, description, inputSchema, annotations } = item as Record<string, unknown>
  if (typeof name !== 'string' || name === '' || name.length > 128) return undefined
  const schema = toSchema(inputSchema)
  if (schema === undefined) return undefined
  const hints = (annotations ?? {}) as { readOnlyHint?: unknown, idempotentHint?: unknown }
  return {
    name: clean(name),
    description: typeof description === 'string' ? cutBytes(clean(description), MAX_DESCRIPTION_BYTES).text : '',
    inputSchema: schema,
    repeatable: trusted && (hints.readOnlyHint === true || hints.idempotentHint === true)
  }
}

/**
 * A schema that the model's provider takes; undefined for one that cannot be made so. Combinators at the top
 * are refused there: such a tool takes any object.
 */
function toSchema (schema: unknown): Record<string, unknown> | undefined {
  if (schema === undefined) return { type: 'object' }
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema) || nestsTooDeep(schema)) return undefined
  if (JSON.stringify(schema).length > MAX_SCHEMA_BYTES) return undefined
  const cleaned = cleanJson(schema) as Record<string, unknown>
  if (TOP_LEVEL_COMBINATORS.some(key => key in cleaned)) return { type: 'object', additionalProperties: true }
  return cleaned.type === undefined || cleaned.type === 'object' ? { ...cleaned, type: 'object' } : undefined
}
