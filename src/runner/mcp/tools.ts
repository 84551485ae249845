import { createHash } from 'node:crypto'
import { stableJson } from '../tools/input-check.ts'
import { offerSchema } from '../tools/offered-schema.ts'
import type { SetAside, Tool } from '../tools/toolbox.ts'
import { clean, cutBytes, oneLine } from '../../platform/text.ts'

/**
 * Vets the tools of a server one by one, so that a malformed one never takes the others along.
 * Pure.
 */

const MAX_DESCRIPTION_BYTES = 8000
const MAX_NAME_LENGTH = 128

export interface VettedTools {
  tools: Tool[]
  setAside: SetAside[]
  /** By tool name: a hash of name, description, schema and annotations as the server gave them. */
  definitions: ReadonlyMap<string, string>
}

type Listed = Record<string, unknown> & { execution?: { taskSupport?: unknown } | null }

/** An app shows one list to everybody, or a few: by kind of account, or while it changes. */
const MAX_LISTS = 16
const vetted = new Map<string, VettedTools>()

/**
 * The same list is vetted once, whichever persona it was shown to: it holds nothing of a persona's,
 * and what is compiled for its schemas (`input-check.ts`) is found again with them. Not to be
 * changed by anybody.
 */
export function toTools (listed: unknown[], trusted: boolean): VettedTools {
  const key = createHash('sha256').update(JSON.stringify([trusted, listed])).digest('base64')
  const tools = vetted.get(key) ?? vet(listed, trusted)
  // Put last again, so that the list that was not shown for longest is the first to go.
  vetted.delete(key)
  vetted.set(key, tools)
  for (const oldest of vetted.keys()) if (vetted.size > MAX_LISTS) vetted.delete(oldest)
  return tools
}

function vet (listed: unknown[], trusted: boolean): VettedTools {
  const byName = new Map<string, Tool>()
  const setAside: SetAside[] = []
  const definitions = new Map<string, string>()
  for (const item of listed) {
    const tool = toTool(item, trusted)
    if ('reason' in tool) setAside.push(tool)
    // Names should be unique: the first of a name wins.
    else if (byName.has(tool.name)) {
      setAside.push({ name: tool.name, reason: 'same_name', why: 'another tool has the same name' })
    } else {
      byName.set(tool.name, tool)
      definitions.set(tool.name, hashDefinition(item))
    }
  }
  return { tools: [...byName.values()], setAside, definitions }
}

function toTool (item: unknown, trusted: boolean): Tool | SetAside {
  const { name, description, inputSchema, annotations, execution } = (item ?? {}) as Listed
  const unusable = typeof name === 'string'
    ? unusableName(name)
    : { name: '', why: 'it has no name' }
  if (typeof name !== 'string' || unusable !== null) {
    return { name: '', why: 'it has no name', ...unusable, reason: 'name_unusable' }
  }
  const schema = offerSchema(inputSchema)
  if (typeof schema === 'string') return { name, reason: 'schema_unusable', why: schema }
  if (execution?.taskSupport === 'required') {
    return {
      name,
      reason: 'needs_task',
      why: 'it can only be called as a task, which personas cannot'
    }
  }
  const { readOnlyHint, idempotentHint, destructiveHint } = (annotations ?? {}) as Record<
    string,
    unknown
  >
  return {
    name,
    description: describe(description, schema.told),
    inputSchema: schema.shown,
    appSchema: schema.checked,
    renamed: schema.renamed,
    repeatable: trusted && (readOnlyHint === true || idempotentHint === true),
    hints: { readOnly: toBoolean(readOnlyHint), destructive: toBoolean(destructiveHint) }
  }
}

/** Rows and pages cannot hold every name, and a tool is called by its own name or not at all. */
function unusableName (name: string): { name: string, why: string } | null {
  if (clean(name).trim() === '') return { name: '', why: 'it has no name' }
  if (name.length > MAX_NAME_LENGTH) {
    return {
      name: oneLine(name, MAX_NAME_LENGTH),
      why: `its name is longer than ${MAX_NAME_LENGTH} characters`
    }
  }
  const isPlain = clean(name) === name && !/\p{Cc}/u.test(name)
  return isPlain ? null : { name: visible(name), why: 'its name holds a control character' }
}

/** As JSON would write it: `todo\u0000create`. */
function visible (name: string): string {
  return oneLine(
    JSON.stringify(name).slice(1, -1).replace(
      /[\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g,
      escaped
    ),
    MAX_NAME_LENGTH
  )
}
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

const toBoolean = (hint: unknown) => typeof hint === 'boolean' ? hint : undefined

/**
 * A schema that cannot be handed over as one is told in words, so that the model need not guess.
 */
function describe (description: unknown, told: unknown): string {
  const own = typeof description === 'string' ? clean(description) : ''
  const text = told === undefined ? own : `${own}\n\nJSON Schema: ${JSON.stringify(told)}`
  return cutBytes(text.trim(), MAX_DESCRIPTION_BYTES).text
}

function hashDefinition (item: unknown): string {
  const { name, description, inputSchema, annotations } = item as Record<string, unknown>
  return createHash('sha256').update(stableJson({ name, description, inputSchema, annotations }))
    .digest('hex')
}
