import { Ajv, type ErrorObject, type Options } from 'ajv'
import addFormats from 'ajv-formats'
import { isLocale, isTimeZone } from './locale.ts'

/**
 * An Ajv that knows every format our schemas use. They are TypeBox', so nothing checks them against
 * the schema of schemas: compiling that one takes longer than any of ours.
 */
export function createAjv (options: Options = {}): Ajv {
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false, ...options })
  addFormats.default(ajv)
  ajv.addFormat('time-zone', isTimeZone)
  ajv.addFormat('locale', isLocale)
  return ajv
}

/** Fields that had another name in an earlier release. */
const RENAMED: Record<string, string> = { cadence: 'tickCadence' }

/**
 * `body/actions/0/result must be one of ok, error`: the field, what is wrong with it, and what
 * would be right.
 */
export function explainProblems (errors: ErrorObject[], part: string): string {
  return errors.map(error => {
    const field = `${part}${error.instancePath}`
    switch (error.keyword) {
      case 'enum':
        return `${field} must be one of ${(error.params.allowedValues as unknown[]).join(', ')}`
      case 'additionalProperties':
        return unknownField(field, error.params.additionalProperty)
      case 'format':
        return `${field} must be a valid ${error.params.format}`
      default:
        return `${field} ${error.message ?? 'is not valid'}`
    }
  }).join('; ')
}

function unknownField (field: string, name: string): string {
  const renamed = Object.hasOwn(RENAMED, name) ? `, which is called "${RENAMED[name]}" now` : ''
  return `${field} has the unknown field "${name}"${renamed}`
}
