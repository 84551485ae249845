import { createHash } from 'node:crypto'
import { de } from './de.ts'
import { en, englishFor } from './en.ts'
import type { PromptSet } from './prompt-set.ts'

const BY_LANGUAGE = new Map<string, PromptSet>([['de', de], ['en', en]])

/**
 * Languages that prompts exist in. Personas of other languages get the English ones, and are told
 * to live in their own.
 */
export const PROMPT_LANGUAGES = [...BY_LANGUAGE.keys()]

/**
 * English prompts by the name of the language that they ask for. There are as many as languages in
 * the cast.
 */
const byName = new Map<string, PromptSet>()

/**
 * @param locale a BCP 47 tag such as `de-CH`, or `pt-BR`, whose country says which Portuguese; what
 *   is no tag gets English
 */
export function promptsFor (locale: string): PromptSet {
  const known = BY_LANGUAGE.get(languageOf(locale))
  if (known !== undefined) return known
  const name = nameOf(locale)
  const prompts = byName.get(name) ?? englishFor(name)
  byName.set(name, prompts)
  return prompts
}

/**
 * Names the wording that a run was driven with, such as `de-3f9a1c07`. Derived from the text
 * itself, so that a changed word can never go on under an old version: numbers from different
 * wordings are not comparable (docs/ratings.md).
 */
export function promptVersion (locale: string): string {
  return `${languageOf(locale)}-${
    createHash('sha256').update(sampleOf(promptsFor(locale))).digest('hex').slice(0, 8)
  }`
}

/** `fr` of `fr-CH`; `en` where the tag names no language. */
function languageOf (locale: string): string {
  try {
    // Without a language in it ("und") some versions of Node name none here.
    const language: string | undefined = new Intl.Locale(locale).language
    return language === undefined || language === 'und' ? 'en' : language
  } catch {
    return 'en'
  }
}

/** In English, such as `Swiss French`; what this process has no name for goes by its tag. */
function nameOf (locale: string): string {
  const tag = new Intl.Locale(locale).toString()
  const name = new Intl.DisplayNames('en', { type: 'language' }).of(tag)
  return name === undefined || name === tag ? `the language "${tag}"` : name
}

/** Every text of a set with fixed fillings. */
function sampleOf (prompts: PromptSet): string {
  return JSON.stringify([
    prompts.system({ systemPrompt: 'S' }, { data: 'D', canary: 'C' }),
    prompts.day({ today: 'T', favouriteModules: ['a', 'b'] }),
    prompts.day({ today: 'T', favouriteModules: [], diary: 'D' }),
    prompts.reflect({
      modules: ['a'],
      actions: (['ok', 'error', 'unknown', 'rejected'] as const).map((outcome, i) => ({
        number: i + 1,
        toolName: 'a.b',
        module: 'a',
        outcome
      }))
    }),
    prompts.repair(['P']),
    prompts.goOn,
    prompts.dayCutShort,
    prompts.toolNotes.unknownTool('N'),
    prompts.toolNotes.denied('N'),
    prompts.toolNotes.invalidInput(['P']),
    prompts.toolNotes.unknownOutcome,
    prompts.toolNotes.notExecuted,
    prompts.toolNotes.tooManyCalls(1),
    prompts.toolNotes.dayOver,
    prompts.toolNotes.truncated(1)
  ])
}
