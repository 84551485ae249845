/** The values in a piece of JSON, by where they stand. Pure. */

export type Path = (string | number)[]

export interface Leaf {
  path: Path
  value: string | number
}

const MAX_DEPTH = 64

/** All texts and numbers, in their order. */
export function leavesOf (json: unknown, path: Path = []): Leaf[] {
  if (typeof json === 'string' || typeof json === 'number') return [{ path, value: json }]
  if (typeof json !== 'object' || json === null || path.length > MAX_DEPTH) return []
  return Object.entries(json).flatMap(([key, value]) =>
    leavesOf(value, [...path, Array.isArray(json) ? Number(key) : key])
  )
}

/**
 * Undefined: nothing stands there. Where a list is shorter than it was, its last entry stands for
 * the one that is missing.
 */
export function valueAt (json: unknown, path: Path): unknown {
  let value = json
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value)) value = value[Math.min(Number(key), value.length - 1)]
    else value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
  }
  return value
}

/** A copy with another value there. */
export function withValueAt (json: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(json)) {
    return json.map((each, i) => i === Number(key) ? withValueAt(each, rest, value) : each)
  }
  const object = json as Record<string, unknown>
  return { ...object, [key]: withValueAt(object[String(key)], rest, value) }
}

/** Undefined: the text is no JSON. */
export function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
