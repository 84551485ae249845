import { createHash } from 'node:crypto'
import { de } from './de.ts'
import { en } from './en.ts'
import type { PromptSet } from './prompt-set.ts'

const BY_LANGUAGE = new Map<string, PromptSet>([['de', de], ['en', en]])

/** Languages that prompts exist in. Other locales get German, the product's first language. */
export const PROMPT_LANGUAGES = [...BY_LANGUAGE.keys()]

/** @param locale a BCP 47 tag such as `de-CH`; only its language counts. */
export function promptsFor (locale: string): PromptSet {
  return BY_LANGUAGE.get(locale.toLowerCase().split('-')[0] ?? '') ?? de
}

/**
 * Names the wording that a run was driven with, such as `de-3f9a1c07`. Derived from the text itself, so that
 * a changed word can never go on under an old version: numbers from different wordings are not comparable
 * (docs/ratings.md).
 */
export function promptVersion (locale: string): string {
  const language = locale.toLowerCase().split('-')[0] ?? ''
  const known = BY_LANGUAGE.has(language) ? language : 'de'
  return `${known}-${createHash('sha256').update(sampleOf(promptsFor(known))).digest('hex').slice(0, 8)}`
}

/** Every text of a set with fixed fillings. */
function sampleOf (prompts: PromptSet): string {
  return JSON.stringify([
    prompts.system({ systemPrompt: 'S' }, { data: 'D', canary: 'C' }),
    prompts.day({ today: 'T', favouriteModules: ['a', 'b'] }),
    prompts.day({ today: 'T', favouriteModules: [], diary: 'D' }),
    prompts.reflect({
      modules: ['a'],
      actions: (['ok', 'error', 'unknown', 'rejected'] as const).map((outcome, i) => ({ number: i + 1, toolName: 'a.b', module: 'a', outcome }))
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
