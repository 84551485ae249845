import { readable } from './server-words.ts'

/**
 * Whether what an app did not find was made up, or shown by the app itself. Pure, bounded, and
 * linear in what was shown.
 */

export interface Shown {
  /**
   * What the app has shown: results of earlier calls of this run that went well, newest first, and
   * its list of tools.
   */
  shown: () => Iterable<string>
}

interface Asked extends Shown {
  words: string
  input: unknown
  tool: { name: string } | undefined
}

interface Leaf {
  key: string
  value: string
}

const MAX_LEAVES = 200
const MAX_VALUES = 16
const MAX_VALUE_LENGTH = 300
/** Code units of UTF-16 that are searched at most. */
const MAX_SEARCHED = 4_000_000

/**
 * Whether the app had never shown a value that was asked for. Values of the input that the words
 * name come first, then names in quotes that stand in a longer value (a table in SQL), then the
 * values that look like names of something. What the words name and the input does not hold was not
 * asked for.
 */
export function isMadeUp (asked: Asked): boolean {
  const values = askedValues(asked)
  return values.length > 0 && !areShown(values, asked.shown())
}

function askedValues ({ words, input, tool }: Asked): string[] {
  const leaves = leavesOf(input)
  const said = words.toLowerCase()
  const named = leaves.map(({ value }) => value).filter(value => holds(said, value))
  if (named.length > 0) return few(named)
  const known = new Set([tool?.name.toLowerCase(), ...leaves.map(({ key }) => key.toLowerCase())])
  const quoted = quotedIn(readable(words).toLowerCase()).filter(name => !known.has(name))
  if (quoted.length > 0) {
    return few(quoted.filter(name => leaves.some(({ value }) => holds(value, name))))
  }
  const names = leaves.filter(({ key, value }) => NAMES_SOMETHING.test(key) || isIdentifier(value))
  return few((names.length > 0 ? names : leaves).map(({ value }) => value))
}

const few = (values: string[]) => [...new Set(values)].slice(0, MAX_VALUES)

const NAMES_SOMETHING =
  /(?:^|[a-z_-])(?:id|name|path|key|slug|ur[il]|ref|number|file|folder|owner|repo|user|channel|project|email)s?$/i
const isIdentifier = (value: string) =>
  !/\s/.test(value) && (/[/_]/.test(value) || (/\d/.test(value) && /^[\w./:@#-]*$/.test(value)))

/** The strings and numbers in an input, however it nests, in small letters. */
function leavesOf (input: unknown): Leaf[] {
  const leaves: Leaf[] = []
  const open: { key: string, value: unknown }[] = [{ key: '', value: input }]
  for (const { key, value } of open) {
    if (leaves.length >= MAX_LEAVES || open.length > MAX_LEAVES * 4) break
    if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        open.push({ key: Array.isArray(value) ? key : name, value: inner })
      }
    } else if (typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')) {
      leaves.push({ key, value: String(value).trim().toLowerCase() })
    }
  }
  return leaves
}

const QUOTED = /["'`“„«‘]([^"'`“”„«»‘’\n]{1,100})["'`“”»’]/g
const quotedIn = (words: string) =>
  [...words.matchAll(QUOTED)].map(match => match[1] ?? '').filter(name =>
    /^[\w./:@#-]+$/.test(name)
  )

function areShown (values: string[], shown: Iterable<string>): boolean {
  const missing = new Set(values.map(value => value.slice(0, MAX_VALUE_LENGTH)))
  let left = MAX_SEARCHED
  for (const text of shown) {
    const searched = text.slice(0, left).toLowerCase()
    left -= searched.length
    for (const value of missing) if (holds(searched, value)) missing.delete(value)
    if (missing.size === 0 || left <= 0) break
  }
  return missing.size === 0
}

const isWordy = (letter: string | undefined) =>
  letter !== undefined && /[\p{L}\p{N}_]/u.test(letter)

/** As a whole: 7 does not stand in 17. Both in small letters. */
function holds (text: string, value: string): boolean {
  if (value === '') return false
  const [first, last] = [isWordy(value[0]), isWordy(value.at(-1))]
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + value.length)) {
    const joined = (first && isWordy(text[at - 1])) || (last && isWordy(text[at + value.length]))
    if (!joined) return true
  }
  return false
}

const QUERY_ARGUMENT = /^(?:sql|statement|jql|cql|cypher|graphql|soql|kql)(?:_?query)?$/i

const SQL_STATEMENT = /^(?:select|with|insert|update|delete)\s/

/** Whether the persona wrote a query itself, so that its syntax is the persona's. */
export function isOfQuery (input: unknown): boolean {
  return leavesOf(input).some(({ key, value }) =>
    QUERY_ARGUMENT.test(key) || SQL_STATEMENT.test(value)
  )
}
