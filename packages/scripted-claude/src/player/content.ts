import de from './content/de.json' with { type: 'json' }
import en from './content/en.json' with { type: 'json' }

/**
 * What a character writes into an app, and how it talks. Placeholders: `{refs}`, `{errors}` (as
 * `#3`) and `{module}`.
 */
export interface CharacterContent {
  tasks: string[]
  thoughts: string[]
  events: string[]
  goals: string[]
  habits: string[]
  topics: string[]
  voice: Voice
}

export interface Voice {
  opening: string[]
  retry: string
  giveUp: string
  closeGood: string[]
  closeBad: string[]
  noteGood: string[]
  /** An error, and then the same tool worked. */
  noteWorkaround: string
  /** Nothing in the module worked. */
  noteFailed: string
  /** An error that stayed, beside things that worked. */
  noteMixed: string
}

export type CharacterName = keyof typeof de.characters
export type Language = 'de' | 'en'

export interface Content {
  people: string[]
  /** For a module that the persona asked for and never got to. */
  noteNothing: string
  characters: Record<CharacterName, CharacterContent>
}

export const CONTENT: Record<Language, Content> = { de, en }
