import type { Tool } from '../tools/toolbox.ts'

/** Whether a tool's contract says how an argument is to be written. Pure. */

interface FormatRefusal {
  words: string
  input: unknown
  tool: Tool | undefined
}

type Schema = Record<string, unknown>

/** What says in a schema how a value is to be written. */
const CONSTRAINTS = ['format', 'pattern', 'enum', 'const', 'examples', 'example']
/** And in a description. */
const TOLD =
  /\b(?:format(?:ted)?|e\.?164|iso[- ]?8601|rfc[- ]?\d{3,4}|yyyy|hh:mm|e\.g|for example|such as|z\. ?b|uuid|pattern)\b/i

/**
 * The argument is the one whose name or value the words tell; where they tell none, any argument of
 * the call. A contract that is not known asks for nothing.
 */
export function isFormatAskedFor ({ words, input, tool }: FormatRefusal): boolean {
  if (tool === undefined) return false
  const properties = recordOf((tool.appSchema ?? tool.inputSchema).properties)
  const given = recordOf(input)
  const names = Object.keys(properties).filter(name => name in given)
  const told = names.filter(name => tells(words, name, given[name]))
  return (told.length > 0 ? told : names).some(name => asksForFormat(recordOf(properties[name])))
}

function tells (words: string, name: string, value: unknown): boolean {
  const said = words.toLowerCase()
  const spelled = name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll(/[_-]/g, ' ').toLowerCase()
  const isNamed = [name.toLowerCase(), spelled].some(each => asWord(each).test(said))
  return isNamed ||
    (typeof value === 'string' && value.length > 1 && said.includes(value.toLowerCase()))
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)
const asWord = (text: string) =>
  new RegExp(`(?<![\\p{L}\\p{N}])${escaped(text)}(?![\\p{L}\\p{N}])`, 'u')

function asksForFormat (schema: Schema): boolean {
  const choices = [schema.anyOf, schema.oneOf, schema.allOf].flatMap(some =>
    Array.isArray(some) ? some.map(recordOf) : []
  )
  const parts = [schema, recordOf(schema.items), ...choices]
  return parts.some(part =>
    CONSTRAINTS.some(name => part[name] !== undefined) || TOLD.test(String(part.description ?? ''))
  )
}

function recordOf (value: unknown): Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Schema : {}
}
