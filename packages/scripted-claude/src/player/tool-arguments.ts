import type { PastCall } from './conversation.ts'
import { knownIds } from './known-ids.ts'
import { isIdName } from './playable-tool.ts'
import type { PlayableTool } from './playable-tool.ts'
import { propertiesOf, requiredIn, valueFor } from './schema-values.ts'
import type { Property } from './schema-values.ts'
import type { Setting } from './setting.ts'

/** Looking is done with few words, and a filter too many finds nothing. */
const OPTIONAL_SHARE = { look: 0.15, add: 0.5, open: 0.4 }

/**
 * Arguments that fit the tool's schema: all that is required and some of the rest. `null` when a
 * required id is not known, because the app has shown nothing yet that could be opened.
 */
export function argumentsFor (
  tool: PlayableTool,
  setting: Setting,
  calls: PastCall[]
): Record<string, unknown> | null {
  const filled: Record<string, unknown> = {}
  for (const property of chosenProperties(tool, setting)) {
    const value = isIdName(property.name)
      ? idFor(property, setting, calls)
      : valueFor(setting, property)
    if (value !== undefined) filled[property.name] = value
    else if (requiredIn(tool.schema).includes(property.name)) return null
  }
  return filled
}

function chosenProperties (tool: PlayableTool, { dice }: Setting): Property[] {
  const required = requiredIn(tool.schema)
  const properties = propertiesOf(tool.schema, tool.module)
  const all = properties.filter(({ name }) => !required.includes(name) && !isIdName(name))
  const unnamed = all.filter(({ name }) => !/title|name/i.test(name))
  // What a thing is called is the last that people change about it.
  const optional = tool.kind === 'open' && unnamed.length > 0 ? unnamed : all
  const taken = new Set([
    ...required,
    ...optional.filter(() => dice.chance(OPTIONAL_SHARE[tool.kind])).map(({ name }) => name)
  ])
  // Opening a thing to change nothing would be odd.
  if (tool.kind === 'open' && taken.size === required.length && optional.length > 0) {
    taken.add(dice.pick(optional).name)
  }
  return properties.filter(({ name }) => taken.has(name))
}

/**
 * `contactId` is an id of the module that starts with "contact"; a plain `id` is one of the tool's
 * own module.
 */
function idFor (
  { name, module, schema }: Property,
  { dice }: Setting,
  calls: PastCall[]
): string | number | undefined {
  const stem = name.replace(/_?id$/i, '').toLowerCase()
  const other = calls.map(call => call.module).find(called =>
    stem !== '' && called.toLowerCase().startsWith(stem)
  )
  const ids = knownIds(calls, other ?? module).slice(0, 3)
  if (ids.length === 0) return undefined
  const id = dice.pick(ids)
  return schema['type'] === 'integer' || schema['type'] === 'number' ? Number(id) : id
}
