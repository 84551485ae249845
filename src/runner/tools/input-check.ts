import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { createHash } from 'node:crypto'
import { boundedPatterns } from './bounded-pattern.ts'

/**
 * Checks a tool's input against the schema that the app gave for it, so that a broken call never
 * reaches the app. Fetches nothing.
 */

const compiled = new WeakMap<object, ValidateFunction | null>()

/** Null for a schema that cannot be compiled: the app is then the one to judge. */
function validatorOf (schema: Record<string, unknown>): ValidateFunction | null {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  let validate: ValidateFunction | null = null
  try {
    // An instance of its own per schema: two tools may use the same $id. Never asynchronous: a
    // promise would count as valid.
    const ajv = new Ajv2020({
      strict: false,
      allErrors: true,
      validateFormats: false,
      logger: false,
      code: { regExp: boundedPatterns }
    })
    validate = ajv.compile({ ...schema, $schema: undefined, $async: undefined })
  } catch { /* judged by the app */ }
  compiled.set(schema, validate)
  return validate
}

let metaschema: Ajv2020 | undefined

/** Whether a schema is one of draft 2020-12, which the model's provider asks for. */
export function isValidSchema (schema: Record<string, unknown>): boolean {
  metaschema ??= new Ajv2020({ strict: false, validateFormats: false, logger: false })
  try {
    return metaschema.validateSchema({ ...schema, $schema: undefined }) === true
  } catch {
    return false
  }
}

/** More than any reply of a model can hold, in characters of JSON: something else wrote it. */
const MAX_INPUT_CHARS = 200_000

/** The first three problems of an input; none: it may be sent. */
export function checkInput (schema: Record<string, unknown>, input: unknown): string[] {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    return ['the input must be an object']
  }
  if (JSON.stringify(input).length > MAX_INPUT_CHARS) {
    return [`the input must not be longer than ${MAX_INPUT_CHARS} characters`]
  }
  const validate = validatorOf(schema)
  if (validate === null || validate(input)) return []
  return (validate.errors ?? []).slice(0, 3).map(error =>
    `${error.instancePath === '' ? 'input' : error.instancePath.slice(1)} ${
      error.message ?? 'is not valid'
    }`
  )
}

/**
 * A hash of the arguments, the same however their keys are ordered. The arguments themselves are in
 * the journal only.
 */
export function hashInput (input: unknown): string {
  return createHash('sha256').update(stableJson(input)).digest('hex').slice(0, 32)
}

/** The same text for the same value, however its keys are ordered. */
export function stableJson (value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`
  return `{${
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, item]) =>
      `${JSON.stringify(key)}:${stableJson(item)}`
    ).join(',')
  }}`
}
