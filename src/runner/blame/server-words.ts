import { oneLine } from '../../platform/text.ts'
import { scrub } from '../../platform/secrets.ts'

/**
 * What an app says in a refusal, in one line that a person can read, whatever shape it comes in.
 * Pure.
 */

const MAX_CHARACTERS = 300
const MAX_DEPTH = 4

/** @returns at most 300 characters, without keys; empty where nothing was said */
export function wordsOf (body: string): string {
  return shorten(oneLine(scrub(readable(body), []), 4 * MAX_CHARACTERS))
}

/** What is meant for people in it, in full. */
export function readable (body: string): string {
  const text = body.trim()
  return saidInJson(text) ?? (looksLikeHtml(text) ? saidInHtml(text) : text)
}

function shorten (line: string): string {
  const letters = [...line]
  return letters.length <= MAX_CHARACTERS
    ? line
    : `${letters.slice(0, MAX_CHARACTERS - 1).join('')}…`
}

/** Of an event stream, the data of its events. */
const DATA_LINE = /^data: ?/

function saidInJson (text: string): string | null {
  const json = /^(?:event|data|id):/.test(text)
    ? text.split('\n').filter(line => DATA_LINE.test(line)).map(line => line.replace(DATA_LINE, ''))
      .join('\n')
    : text
  if (!/^[{["]/.test(json)) return null
  try {
    return saidIn(JSON.parse(json), 0) || json
  } catch {
    return null
  }
}

/**
 * The members that hold words, of JSON-RPC, RFC 9457, OAuth and the usual frameworks, the more
 * general first; then the details by field.
 */
const WORDS = [
  'message',
  'error_description',
  'title',
  'detail',
  'error',
  'reason',
  'msg',
  'description',
  'fehler',
  'meldung'
]
const DETAILS = ['errors', 'details', 'data', 'issues', 'violations', 'non_field_errors']
/** Of one finding among several: where it is. */
const PLACES = ['loc', 'path', 'instancePath', 'field', 'param', 'source', 'property', 'pointer']

function saidIn (value: unknown, depth: number): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return ''
  if (Array.isArray(value)) return joined(value.slice(0, 10).map(each => saidIn(each, depth + 1)))
  const object = value as Record<string, unknown>
  // A list of words under `title` is about a field of that name.
  const { title, ...rest } = object
  const told = typeof title === 'string' ? object : rest
  const words = distinct([...WORDS, ...DETAILS].map(name => saidIn(told[name], depth + 1)))
  const place = placeOf(object)
  if (words.length > 0) return place === '' ? words.join(': ') : `${place}: ${words.join(': ')}`
  // Django REST and Rails: field → words.
  const byField = Object.entries(object).slice(0, 10).map(([name, inner]) =>
    [name, saidIn(inner, depth + 1)] as const
  )
  return joined(
    byField.filter(([name, said]) => said !== '' && !IS_META.test(name)).map(([name, said]) =>
      `${name}: ${said}`
    )
  )
}

const IS_META =
  /^(?:jsonrpc|id|code|type|status|statusCode|trace_?id|request_?id|instance|timestamp|input|ctx)$/i

const joined = (parts: string[]) => distinct(parts).join('; ')
const distinct = (parts: string[]) =>
  parts.filter((part, i) => part !== '' && !parts.slice(0, i).some(before => before.includes(part)))

function placeOf (finding: Record<string, unknown>): string {
  const place = PLACES.map(name => finding[name]).find(each => each !== undefined)
  if (Array.isArray(place)) return place.filter(part => part !== 'body').join('.')
  return typeof place === 'string' ? place : ''
}

const looksLikeHtml = (text: string) =>
  /^<(?:!doctype|html|head|body|\?xml|h1|center)\b/i.test(text)

/**
 * The title, or the first words. No expression may look at the same stretch from each of its
 * places: an app may send any number of tags that never close.
 */
function saidInHtml (html: string): string {
  const title = /<title[^<>]*>([^<]*)/i.exec(html)?.[1]?.trim() ?? ''
  if (title !== '') return unescaped(title)
  const text = html.replaceAll(/<(style|script)\b[^<>]*>[^]*?(?:<\/\1\s*>|$)/gi, ' ').replaceAll(
    /<[^<>]*>/g,
    ' '
  )
  return unescaped(text.trim())
}

const ENTITIES = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
const unescaped = (text: string) =>
  Object.entries(ENTITIES).reduce((rest, [entity, sign]) => rest.replaceAll(entity, sign), text)

const STATUS = new RegExp(
  [
    String
      .raw`\b(?:http(?:/\d(?:\.\d)?)?|status(?:[ _]?code)?|code|error|fehler)\b["']?[^\w\n-]{0,4}([45]\d\d)\b`,
    String.raw`^\W{0,3}([45]\d\d)(?=\s*[:–-]|\s*$)`,
    String
      .raw`\b([45]\d\d) (?:bad request|unauthorized|forbidden|not found|method not allowed|conflict|gone|unprocessable)\b`,
    String
      .raw`\b([45]\d\d) (?:too many requests|internal server error|bad gateway|service unavailable|gateway time-?out)\b`,
    String.raw`\b([45]\d\d) (?:client error|server error|validation failed)\b`
  ].join('|'),
  'i'
)

/**
 * An HTTP status that words tell, such as `GitHub API error: 422 Validation Failed`; null: none.
 */
export function statusIn (words: string): number | null {
  const status = STATUS.exec(words)?.slice(1).find(group => group !== undefined)
  return status === undefined ? null : Number(status)
}
