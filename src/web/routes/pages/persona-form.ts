import type { ErrorObject, ValidateFunction } from 'ajv'
import { AppError, EmailTakenError } from '../../../platform/errors.ts'
import { PersonaInput, TickCadence, type Persona } from '../../../personas/schemas.ts'
import { createAjv } from '../../../platform/schema-check.ts'

/**
 * The form that creates and edits a persona: text in, a checked persona or a sentence per wrong
 * field out.
 */

export type Fields = Record<string, string>
export type FieldErrors = Record<string, string>
type ReadForm = { ok: true, input: PersonaInput } | { ok: false, errors: FieldErrors }

/** Compiled with the first form: most processes never see one. */
let compiled: ValidateFunction<PersonaInput> | undefined

export const EMPTY_FORM: Fields = {
  email: '',
  name: '',
  archetype: '',
  systemPrompt: '',
  moduleMix: '',
  tickCadence: 'daily',
  timeZone: 'Europe/Berlin',
  locale: 'en',
  patience: 'medium'
}

export function fieldsOf (persona: Persona): Fields {
  const {
    email,
    name,
    archetype,
    systemPrompt,
    moduleMix,
    tickCadence,
    timeZone,
    locale,
    patience
  } = persona
  const lines = Object.entries(moduleMix).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map((
    [module, weight]
  ) => `${module} ${weight}`)
  return {
    email,
    name,
    archetype,
    systemPrompt,
    moduleMix: lines.join('\n'),
    tickCadence,
    timeZone,
    locale,
    patience: String(patience)
  }
}

/** One module a line, with its weight; without a number it weighs 1. */
function readMix (text: string): Record<string, number> {
  const lines = text.split(/\r?\n/).map(line => line.trim()).filter(line => line !== '')
  return Object.fromEntries(lines.map(line => {
    const [module = '', weight] = line.split(/[\s:=,]+/)
    return [module, weight === undefined || weight === '' ? 1 : Number(weight)]
  }))
}

const text = (fields: Fields, name: string) => (fields[name] ?? '').trim()
const readPatience = (value: string) => /^\d+$/.test(value) ? Number(value) : value

export function readForm (fields: Fields): ReadForm {
  const input: unknown = {
    ...Object.fromEntries(
      ['email', 'name', 'archetype', 'tickCadence', 'timeZone', 'locale'].map(
        name => [name, text(fields, name)]
      )
    ),
    systemPrompt: text(fields, 'systemPrompt').replaceAll('\r\n', '\n'),
    moduleMix: readMix(fields.moduleMix ?? ''),
    patience: readPatience(text(fields, 'patience')),
    ...(text(fields, 'app') !== '' && { app: text(fields, 'app') })
  }
  const check = compiled ??= createAjv({ allErrors: true }).compile<PersonaInput>(PersonaInput)
  return check(input)
    ? { ok: true, input }
    : { ok: false, errors: explainFields(check.errors ?? []) }
}

const EXPECTED: FieldErrors = {
  email: 'An email address, such as mara@personas.test.',
  moduleMix:
    'One module a line with its weight, such as “todo 2”: letters, digits, - and _ in the name, the weight above 0 and at most 1000.',
  tickCadence: `One of ${TickCadence.enum.join(', ')}.`,
  timeZone: 'A time zone by name, such as Europe/Berlin.',
  locale: 'A language tag, such as de or en-GB.',
  patience: 'low, medium, high, or a whole number of points from 1 to 100000.'
}

/** The first complaint about each field. */
function explainFields (errors: ErrorObject[]): FieldErrors {
  const sentences: FieldErrors = {}
  for (const error of errors) {
    const field = error.instancePath.split('/')[1] ?? ''
    sentences[field] ??= error.keyword === 'minLength'
      ? 'Please fill this in.'
      : EXPECTED[field] ??
        (error.keyword === 'maxLength'
          ? `At most ${error.params.limit} characters.`
          : 'This is not valid.')
  }
  return sentences
}

/** What the repository refused, at the field it is about. @throws whatever is no field's fault */
export function explainRefusal (error: unknown): FieldErrors {
  if (error instanceof EmailTakenError) return { email: error.message }
  if (error instanceof AppError && /timeZone/.test(error.message)) {
    return {
      timeZone: 'The database does not know this time zone; name one such as Europe/Berlin.'
    }
  }
  if (error instanceof AppError && /body\/app/.test(error.message)) {
    return { app: 'There is no such app any more; pick another one.' }
  }
  throw error
}
