import { fillHoles } from './holes.ts'
import { parseCut } from './json-cut.ts'

/** What an error in JSON says: where, its codes, its message. Pure. */

interface JsonWords {
  before: string
  words: string
  after: string
}

/** Of a list so many are read. */
const MAX_ITEMS = 20
const MAX_DEPTH = 8
const START = /(?<=^|[\s:=(])(?:\{\s{0,99}"|\[\s{0,99}[{"])/

const PLACES = ['path', 'loc', 'instancePath', 'field', 'param', 'property', 'pointer']
const CODES = [
  ...['statusCode', 'status', 'code', 'errorCode', 'error_code', 'errno', 'sqlState'],
  ...['keyword', 'reason', 'type', '__type', 'name', 'error']
]
const MESSAGES = [
  ...['title', 'message', 'msg', 'errorMessage', 'error_description', 'description', 'detail'],
  ...['cause', 'text']
]
const INNER = [
  ...['error', 'errors', 'issues', 'details', 'detail', 'violations', 'fieldErrors'],
  ...['field_errors', 'errorMessages', 'extensions', 'meta', 'cause', 'data', 'body', 'response'],
  ...['problems', 'messages', 'warnings']
]
const KNOWN = new Set([...PLACES, ...CODES, ...MESSAGES, ...INNER])
/** Objects that name a field with each key. */
const BY_FIELD = new Set(['errors', 'fieldErrors', 'field_errors', 'violations', 'details'])

type Describe = (text: string) => string
type Fields = Record<string, unknown>

/** Null where there is no JSON in the message. */
export function readJson (message: string, describe: Describe): JsonWords | null {
  const start = message.search(START)
  if (start === -1) return null
  const { value, end } = parseCut(message, start)
  const words = distinct(wordsOf(value, describe, 0)).join('; ')
  if (words === '') return null
  return { before: message.slice(0, start), words, after: message.slice(end) }
}

const distinct = (texts: string[]) => [...new Set(texts.filter(text => text !== ''))]

function wordsOf (value: unknown, describe: Describe, depth: number): string[] {
  if (typeof value === 'string') return [describe(value)]
  if (depth > MAX_DEPTH || value === null || typeof value !== 'object') return []
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ITEMS).flatMap(item => wordsOf(item, describe, depth + 1))
  }
  const fields = value as Fields
  const known = Object.keys(fields).some(key => KNOWN.has(key))
    ? distinct(errorOf(fields, describe, depth))
    : []
  return known.length > 0 ? known : allOf(fields, describe, depth)
}

function errorOf (fields: Fields, describe: Describe, depth: number): string[] {
  const place = PLACES.map(key => placeOf(fields[key])).find(place => place !== '') ?? ''
  const codes = CODES.map(key => codeOf(key, fields[key]))
  const messages = MESSAGES.flatMap(key => {
    const value = fields[key]
    // Under any other key a list is about the field of this name.
    const isList = key === 'message' && Array.isArray(value)
    const texts: unknown[] = isList ? value.slice(0, MAX_ITEMS) : [value]
    return texts.filter(text => typeof text === 'string').map(describe)
  })
  const own = distinct([place, distinct(codes).join(' '), ...messages]).join(': ')
  const inner = INNER.flatMap(key => innerOf(key, fields[key], describe, depth))
  return [own, ...inner]
}

function innerOf (key: string, value: unknown, describe: Describe, depth: number): string[] {
  if (value === null || typeof value !== 'object') return []
  const isByField = BY_FIELD.has(key) && !Array.isArray(value)
  return isByField
    ? allOf(value as Fields, describe, depth + 1)
    : wordsOf(value, describe, depth + 1)
}

function allOf (fields: Fields, describe: Describe, depth: number): string[] {
  return Object.entries(fields).slice(0, MAX_ITEMS).flatMap(([key, value]) => {
    if (typeof value === 'number') return [`${fillHoles(key)}: <number>`]
    if (typeof value === 'boolean') return [`${fillHoles(key)}: ${value}`]
    return wordsOf(value, describe, depth + 1).map(words => `${fillHoles(key)}: ${words}`)
  })
}

/** `["items", 3, "name"]` and `/items/3/name` are `items.<number>.name`. */
function placeOf (place: unknown): string {
  if (Array.isArray(place)) return place.slice(0, MAX_ITEMS).map(stepOf).join('.')
  if (typeof place !== 'string' || place === '') return ''
  // Servers name the address that was called under `path` too, as `/api/todos/42`.
  return /^\/?[\w$.\-[\]/]{1,120}$/.test(place) && !/^\/(?:api|v\d)\b/.test(place)
    ? place.replace(/^\//, '').split('/').map(stepOf).join('.')
    : ''
}

const stepOf = (step: unknown) =>
  typeof step === 'number' || /^\d+$/.test(String(step)) ? '<number>' : fillHoles(String(step))

/** A code is the kind of the error, digits and all. */
function codeOf (key: string, value: unknown): string {
  if (key === 'error' && typeof value === 'string' && !/^[\w.-]{1,64}$/.test(value)) {
    return fillHoles(value)
  }
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return ''
  if (key === 'name' && !/(?:Error|Exception)$/.test(value)) return ''
  // The type of a problem (RFC 9457) is an address, whose last part names it.
  const name = /^https?:\/\//.test(value) ? lastPart(value) : value
  return /^[\w./ -]{1,64}$/.test(name) ? name : ''
}

function lastPart (url: string): string {
  const part = url.slice(url.lastIndexOf('/') + 1)
  return /^[a-z-]{1,64}$/i.test(part) ? part : ''
}
