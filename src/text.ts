/**
 * The one sanitiser, applied at every border to the database and to the model. NUL breaks Postgres text and
 * lone surrogates break jsonb and make the Messages API refuse the conversation for ever; bidirectional
 * overrides let text show other than it is.
 */

// eslint-disable-next-line no-control-regex
const UNWANTED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g

/**
 * Text without control characters (tab and line breaks stay), bidirectional overrides and lone surrogates.
 */
export function clean (text: string): string {
  return text.toWellFormed().replace(UNWANTED, '')
}

/**
 * The beginning of a text, at most so many bytes of UTF-8, cut between code points.
 * @returns the text and how many bytes were left out
 */
export function cutBytes (text: string, maxBytes: number): { text: string, omittedBytes: number } {
  // No code unit of UTF-16 is more than three bytes of UTF-8.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return { text, omittedBytes: 0 }
  const bytes = Buffer.from(text)
  let end = maxBytes
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return { text: bytes.subarray(0, end).toString(), omittedBytes: bytes.length - end }
}

/** White space that is not one space already: most texts have none, and are not written anew. */
const UNEVEN = /[^\S ]\s*|\s{2,}/g

/** One line, cleaned and short enough for a row or a log. */
export function oneLine (text: string, maxBytes = 500): string {
  return cutBytes(clean(text).replace(UNEVEN, ' ').trim(), maxBytes).text
}

/** How deep JSON may nest. Deeper jsonb can hang the embedded storage for good. */
export const MAX_JSON_DEPTH = 64

/**
 * A copy of a JSON value with every text in it cleaned, keys too, and `null` in place of what nests deeper
 * than `MAX_JSON_DEPTH`.
 */
export function cleanJson (value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return clean(value)
  if (value === null || typeof value !== 'object') return value
  if (depth >= MAX_JSON_DEPTH) return null
  if (Array.isArray(value)) return value.map(item => cleanJson(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [clean(key), cleanJson(item, depth + 1)]))
}

/** Written as such or as an escape, which is how a lone surrogate gets through a decoder of UTF-8. */
const MAY_BE_UNWANTED = /\\[ubf]|[\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/

/** Whether the texts in a JSON document are clean for sure, which one look at its own text tells sooner than `cleanJson`. */
export function isCleanDocument (json: string): boolean {
  return !MAY_BE_UNWANTED.test(json)
}

/** Whether a JSON value nests deeper than may be stored. */
export function nestsTooDeep (value: unknown, depth = 0): boolean {
  if (value === null || typeof value !== 'object') return false
  return depth >= MAX_JSON_DEPTH || Object.values(value).some(item => nestsTooDeep(item, depth + 1))
}

/**
 * What a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date), in milliseconds from `now`; undefined
 * where it is missing or says nothing.
 */
export function retryAfterMs (header: string | null, now: number): number | undefined {
  const value = header?.trim() ?? ''
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : /^[A-Z]/i.test(value) ? Date.parse(value) - now : NaN
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** An address for people: what may be secret in it, a query or a password, is left out. */
export function shownAddress (url: string): string {
  if (!URL.canParse(url)) return '[address]'
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
