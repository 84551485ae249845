import { clean } from './text.ts'

/** How deep JSON may nest. Deeper jsonb can hang the embedded storage for good. */
export const MAX_JSON_DEPTH = 64

/**
 * A copy of a JSON value with every text in it cleaned, keys too, and `null` in place of what nests
 * deeper than `MAX_JSON_DEPTH`.
 */
export function cleanJson (value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return clean(value)
  if (value === null || typeof value !== 'object') return value
  if (depth >= MAX_JSON_DEPTH) return null
  if (Array.isArray(value)) return value.map(item => cleanJson(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [clean(key), cleanJson(item, depth + 1)])
  )
}

/**
 * Written as such or as an escape, which is how a lone surrogate gets through a decoder of UTF-8.
 */
const MAY_BE_UNWANTED = /\\[ubf]|[\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/

/**
 * Whether the texts in a JSON document are clean for sure, which one look at its own text tells
 * sooner than `cleanJson`.
 */
export function isCleanDocument (json: string): boolean {
  return !MAY_BE_UNWANTED.test(json)
}

/** Whether a JSON value nests deeper than may be stored. */
export function nestsTooDeep (value: unknown, depth = 0): boolean {
  if (value === null || typeof value !== 'object') return false
  return depth >= MAX_JSON_DEPTH || Object.values(value).some(item => nestsTooDeep(item, depth + 1))
}
