import { createHash } from 'node:crypto'
import { isValidSchema } from './input-check.ts'
import { asMeant, isObject, subschemas } from './schema-as-meant.ts'
import { cleanJson, nestsTooDeep } from '../../platform/clean-json.ts'

/**
 * What a tool's input schema is offered to the model as. Pure. The provider refuses a whole request
 * over one schema that it does not take, so what is known to be refused never goes out.
 */

type Schema = Record<string, unknown>

export interface OfferedSchema {
  /** What the model's provider takes. */
  shown: Schema
  /** What an input is checked against before it goes to the app. */
  checked: Schema
  /**
   * By the names of properties that the model is shown, those that the app knows, where they
   * differ.
   */
  renamed: ReadonlyMap<string, string>
  /** Told in words, so that the model need not guess; undefined: `shown` says it all. */
  told?: Schema
}

const MAX_SCHEMA_BYTES = 100_000
/** The provider refuses these at the top. */
const TOP_LEVEL_COMBINATORS = ['oneOf', 'anyOf', 'allOf', '$ref']
/** These speak of properties by their names. */
const NAMES_PROPERTIES = [
  'dependentRequired',
  'dependentSchemas',
  'dependencies',
  'propertyNames',
  'if',
  'then',
  'else',
  'not'
]
/** The Messages API: "Property keys should match pattern". */
const LEGAL_PROPERTY = /^[a-zA-Z0-9_.-]{1,64}$/
const ANY_OBJECT = { type: 'object', additionalProperties: true }
const NO_NAMES: ReadonlyMap<string, string> = new Map()

/** @returns what is wrong with a schema that cannot be saved */
export function offerSchema (given: unknown): OfferedSchema | string {
  if (given === undefined || given === null || given === true) return offerSchema({})
  if (!isObject(given)) return 'its schema is no object'
  if (nestsTooDeep(given)) return 'its schema nests too deep'
  if (JSON.stringify(given).length > MAX_SCHEMA_BYTES) return 'its schema is too large'
  const told = cleanJson(given) as Schema
  const schema = asMeant(told)
  const types = Array.isArray(schema.type) ? schema.type as unknown[] : [schema.type ?? 'object']
  if (!types.includes('object')) return 'its schema takes something else than an object'
  const checked: Schema = { ...schema, type: 'object' }
  const cannotBeShown = TOP_LEVEL_COMBINATORS.some(key => key in checked) ||
    refersElsewhere(checked) || !isValidSchema(checked)
  const shown = cannotBeShown ? null : withLegalNames(checked)
  return shown === null
    ? { shown: ANY_OBJECT, checked, renamed: NO_NAMES, told }
    : { ...shown, checked }
}

/**
 * The same schema with property names that the provider takes; null: there is no simple one. At the
 * top they are mapped both ways, so that the model keeps types and descriptions. Further down that
 * would take the whole schema apart.
 */
function withLegalNames (schema: Schema): Pick<OfferedSchema, 'shown' | 'renamed'> | null {
  if (subschemas(schema).some(holdsIllegalName)) return null
  const properties = Object.entries(isObject(schema.properties) ? schema.properties : {})
  const renamed = new Map(
    properties.filter(([name]) => !LEGAL_PROPERTY.test(name)).map((
      [name]
    ) => [legalProperty(name), name])
  )
  if (renamed.size === 0) return { shown: schema, renamed }
  const isNamed = NAMES_PROPERTIES.some(key => key in schema) ||
    JSON.stringify(schema).includes('"#/properties/')
  if (isNamed || properties.some(([name]) => renamed.has(name))) return null
  const shownName = (name: string) => LEGAL_PROPERTY.test(name) ? name : legalProperty(name)
  const toShown = ([name, property]: [string, unknown]) =>
    LEGAL_PROPERTY.test(name) ? [name, property] : [legalProperty(name), naming(name, property)]
  const shown = {
    ...schema,
    properties: Object.fromEntries(properties.map(toShown)),
    ...(Array.isArray(schema.required) &&
      { required: schema.required.map(name => shownName(String(name))) })
  }
  return { shown, renamed }
}

function holdsIllegalName (schema: Schema): boolean {
  const names = isObject(schema.properties) ? Object.keys(schema.properties) : []
  return names.some(name => !LEGAL_PROPERTY.test(name)) || subschemas(schema).some(holdsIllegalName)
}

/**
 * A hash of the whole name keeps two names apart that differ only in strange characters, and is the
 * same in every run.
 */
function legalProperty (name: string): string {
  return `${name.replace(/[^a-zA-Z0-9_.-]/g, '_').slice(0, 55)}_${
    createHash('sha256').update(name).digest('hex').slice(0, 8)
  }`
}

function naming (name: string, property: unknown): unknown {
  if (!isObject(property)) return { description: `The app calls it ${name}.` }
  const description = typeof property.description === 'string'
    ? `${property.description} (the app calls it ${name})`
    : `The app calls it ${name}.`
  return { ...property, description }
}

/** Nothing is fetched to understand a tool. */
function refersElsewhere (value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false
  const { $ref } = value as { $ref?: unknown }
  return (typeof $ref === 'string' && !$ref.startsWith('#')) ||
    Object.values(value).some(refersElsewhere)
}

/**
 * An input as the app knows it. A model may use the app's own names all the same: its description
 * tells them.
 */
export function toAppInput (
  renamed: ReadonlyMap<string, string> | undefined,
  input: unknown
): unknown {
  if (renamed === undefined || renamed.size === 0 || !isObject(input)) return input
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [renamed.get(name) ?? name, value])
  )
}
