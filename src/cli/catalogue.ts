import { readFileSync } from 'node:fs'
import { BadRequestError } from '../platform/errors.ts'
import { pathOf } from '../platform/paths.ts'
import { PersonaInput } from '../personas/schemas.ts'
import { createAjv, explainProblems } from '../platform/schema-check.ts'

/** The ten personas that come with the product. They speak German. */
export const CATALOGUE_FILE = pathOf('src/personas/catalog.json')

/** Ten others, who speak English. */
export const ENGLISH_CATALOGUE_FILE = pathOf('src/personas/catalog.en.json')

const isPersonaInput = createAjv({ allErrors: true }).compile<PersonaInput>(PersonaInput)

/**
 * Reads a list of personas and checks all of it before anything is done with it.
 * @throws BadRequestError naming the file, the entry and the field
 */
export function readCatalogue (file = CATALOGUE_FILE): PersonaInput[] {
  const entries = readJson(file)
  if (!Array.isArray(entries)) {
    throw new BadRequestError(`${file} must hold a JSON list of personas.`)
  }
  const problems = entries.flatMap((entry, i) =>
    isPersonaInput(entry) ? [] : [explainProblems(isPersonaInput.errors ?? [], `[${i}]`)]
  )
  const emails = entries.map(entry => String((entry as { email?: unknown }).email).toLowerCase())
  for (const email of new Set(emails.filter((email, i) => emails.indexOf(email) !== i))) {
    problems.push(`${email} is there more than once`)
  }
  if (problems.length > 0) {
    throw new BadRequestError(
      `${file} is not right, so nothing was stored:\n${problems.map(p => `  - ${p}`).join('\n')}`
    )
  }
  return entries as PersonaInput[]
}

function readJson (file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new BadRequestError(`${file} cannot be read: ${(error as Error).message}`)
  }
}
