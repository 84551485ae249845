/**
 * A JSON Schema of an older draft, or of a program that writes `null` for nothing, in the words of
 * draft 2020-12, which the model's provider checks. Pure. What is not understood stays as it is.
 */

type Schema = Record<string, unknown>

const MAPS_OF_SCHEMAS = [
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas'
]
const LISTS_OF_SCHEMAS = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const SCHEMAS = [
  'items',
  'additionalProperties',
  'not',
  'if',
  'then',
  'else',
  'contains',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties'
]
/** Values of an instance: `null` is one. */
const DATA = new Set(['const', 'default'])

export function asMeant (schema: Schema): Schema {
  const read = withTuples(withLimits(withRequired(withoutNulls(schema))))
  for (const key of MAPS_OF_SCHEMAS) if (isObject(read[key])) read[key] = mapValues(read[key], each)
  for (const key of LISTS_OF_SCHEMAS) if (Array.isArray(read[key])) read[key] = read[key].map(each)
  for (const key of SCHEMAS) if (isObject(read[key])) read[key] = asMeant(read[key])
  return read
}

/** All schemas directly below one. */
export function subschemas (schema: Schema): Schema[] {
  const below = [
    ...MAPS_OF_SCHEMAS.flatMap(key => isObject(schema[key]) ? Object.values(schema[key]) : []),
    ...LISTS_OF_SCHEMAS.flatMap(key => Array.isArray(schema[key]) ? schema[key] as unknown[] : []),
    ...SCHEMAS.map(key => schema[key])
  ]
  return below.filter(isObject)
}

const each = (value: unknown) => isObject(value) ? asMeant(value) : value
const mapValues = (map: Schema, change: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]))

export function isObject (value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Go writes `null` for an empty list or map. In drafts 3 and 4 a schema is named by `id`, and any
 * type is `any`.
 */
function withoutNulls (schema: Schema): Schema {
  const { id, $schema, type, ...rest } = schema
  const kept = Object.fromEntries(
    Object.entries(rest).filter(([key, value]) => value !== null || DATA.has(key))
  )
  const isOld = typeof $schema !== 'string' || /draft-0[34]/.test($schema)
  return {
    ...(!isOld && { $schema }),
    ...(type !== null && type !== undefined && type !== 'any' && { type }),
    ...(id !== undefined && typeof id !== 'string' && { id }),
    ...kept
  }
}

/** In draft 3 each property says of itself that it is required. */
function withRequired (schema: Schema): Schema {
  const { required, ...rest } = schema
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : []
  const named = Array.isArray(required) ? required : typeof required === 'string' ? [required] : []
  const own = properties.filter(([, property]) => isObject(property) && property.required === true)
    .map(([name]) => name)
  const all = [...new Set([...named, ...own])]
  return { ...rest, ...(all.length > 0 && { required: all }) }
}

/** In draft 4 `exclusiveMinimum: true` says something about `minimum`. */
function withLimits (schema: Schema): Schema {
  const { exclusiveMinimum, exclusiveMaximum, minimum, maximum, ...rest } = schema
  return {
    ...rest,
    ...limit('inimum', exclusiveMinimum, minimum),
    ...limit('aximum', exclusiveMaximum, maximum)
  }
}

function limit (word: 'inimum' | 'aximum', exclusive: unknown, bound: unknown): Schema {
  const [own, other] = [`m${word}`, `exclusiveM${word}`]
  if (exclusive === true) return bound === undefined ? {} : { [other]: bound }
  return {
    ...(bound !== undefined && { [own]: bound }),
    ...(typeof exclusive !== 'boolean' && exclusive !== undefined && { [other]: exclusive })
  }
}

/** Up to 2019 `items` was a list for tuples. */
function withTuples (schema: Schema): Schema {
  if (!Array.isArray(schema.items)) return schema
  const { items, additionalItems, ...rest } = schema
  return {
    ...rest,
    prefixItems: items,
    ...(additionalItems !== undefined && { items: additionalItems })
  }
}
