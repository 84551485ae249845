import { isRecord } from '../is-record.ts'
import type { Setting } from './setting.ts'
import { stringsFor } from './string-values.ts'

export type Schema = Record<string, unknown>

const ANYTHING = /^/
/** Enough to choose between notations of one value. */
const FORMATS: Record<string, RegExp> = {
  date: /^\d{4}-\d{2}-\d{2}$/,
  'date-time': /^\d{4}-\d{2}-\d{2}T.*Z$/,
  time: /^\d{2}:\d{2}:\d{2}Z$/,
  email: /@/,
  uri: /^https:/
}

/** A property of a tool's input, and where it stands. */
export interface Property {
  name: string
  module: string
  schema: Schema
}

/**
 * A value that the schema takes, as far as players read schemas: types, enums, bounds, patterns,
 * one level of alternatives.
 */
export function valueFor (setting: Setting, { name, module, schema }: Property): unknown {
  const plain = withoutAlternatives(schema)
  if (plain['const'] !== undefined) return plain['const']
  if (Array.isArray(plain['enum'])) return setting.dice.pick(plain['enum'] as unknown[])
  switch (typeOf(plain)) {
    case 'integer':
    case 'number':
      return numberFor(setting, name, plain)
    case 'boolean':
      return setting.dice.chance(0.5)
    case 'array':
      return [valueFor(setting, { name, module, schema: recordIn(plain, 'items') })]
    case 'object':
      return objectFor(setting, module, plain)
    default:
      return stringFor(setting, { name, module, schema: plain })
  }
}

export function requiredIn (schema: Schema): string[] {
  return Array.isArray(schema['required']) ? schema['required'].map(String) : []
}

export function propertiesOf (schema: Schema, module: string): Property[] {
  return Object.entries(recordIn(schema, 'properties')).map(([name, property]) => ({
    name,
    module,
    schema: isRecord(property) ? property : {}
  }))
}

function objectFor (setting: Setting, module: string, schema: Schema): Record<string, unknown> {
  const required = propertiesOf(schema, module).filter(property =>
    requiredIn(schema).includes(property.name)
  )
  return Object.fromEntries(required.map(property => [property.name, valueFor(setting, property)]))
}

function stringFor (setting: Setting, property: Property): string {
  const { pattern, format, minLength, maxLength } = property.schema
  const max = typeof maxLength === 'number' ? maxLength : Infinity
  const min = typeof minLength === 'number' ? minLength : 0
  const rules = [
    typeof pattern === 'string' ? patternOf(pattern) : ANYTHING,
    FORMATS[String(format)] ?? ANYTHING
  ]
  const notations = stringsFor(setting, property)
  const fitting = notations.find(text =>
    text.length <= max && text.length >= min && rules.every(rule => rule.test(text))
  )
  return fitting ?? (notations[0] ?? '').slice(0, max)
}

/** A pattern that JavaScript cannot read is left for the app to judge. */
function patternOf (source: string): RegExp {
  try {
    return new RegExp(source, 'u')
  } catch {
    return ANYTHING
  }
}

function numberFor ({ dice }: Setting, name: string, schema: Schema): number {
  const low = bound(schema['minimum'], schema['exclusiveMinimum'], 1)
  const high = bound(schema['maximum'], schema['exclusiveMaximum'], -1)
  if (/minutes|duration/i.test(name)) return clamp(dice.pick([30, 45, 60, 90]), low, high)
  if (/limit|count|size|days/i.test(name)) return clamp(dice.pick([7, 10, 14]), low, high)
  if (/percent|progress/i.test(name) && (high ?? 100) > 10) {
    return clamp(10 * dice.between(2, 8), low, high)
  }
  const from = Math.ceil(low ?? 1)
  return dice.between(from, Math.floor(Math.min(high ?? from + 9, from + 99)))
}

function bound (inclusive: unknown, exclusive: unknown, step: number): number | undefined {
  if (typeof inclusive === 'number') return inclusive
  return typeof exclusive === 'number' ? exclusive + step : undefined
}

function clamp (value: number, low = -Infinity, high = Infinity): number {
  return Math.min(Math.max(value, low), high)
}

function withoutAlternatives (schema: Schema): Schema {
  const alternatives = [schema['anyOf'], schema['oneOf']].find(list => Array.isArray(list)) as
    | unknown[]
    | undefined
  const chosen = alternatives?.find(option => isRecord(option) && option['type'] !== 'null')
  return isRecord(chosen) ? { ...schema, ...chosen } : schema
}

function typeOf (schema: Schema): string {
  const { type } = schema
  const types = Array.isArray(type) ? type.map(String) : [String(type ?? 'string')]
  return types.find(name => name !== 'null') ?? 'string'
}

function recordIn (schema: Schema, key: string): Schema {
  const value = schema[key]
  return isRecord(value) ? value : {}
}
