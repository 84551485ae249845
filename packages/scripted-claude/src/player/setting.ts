import type { Character } from './character.ts'
import { CONTENT } from './content.ts'
import type { CharacterContent, Language } from './content.ts'
import type { Conversation } from './conversation.ts'
import type { Dice } from './seeded-dice.ts'

/** What a persona has at hand when it fills in the arguments of one call. */
export interface Setting {
  dice: Dice
  language: Language
  content: CharacterContent
  people: string[]
  today: Date
  /** When its events start, 0 to 23. */
  hour: number
  /** It has been told to write phone numbers in E.164. */
  usesE164: boolean
  /** Everything the app showed so far: nobody adds what is there already. */
  seen: string
}

/** How a call failed before, where this is the second try. */
export interface Setback {
  text: string
}

const WANTS_E164 = /e\.?164|international|country code|ländervorwahl|landesvorwahl|\+\d/i
const WANTS_OTHER_TIME =
  /morning|afternoon|vormittag|nachmittag|uhrzeit|time slot|conflict|overlap|überschneid|belegt/i
/**
 * How often a person tries another time of day although the app did not say that the time is the
 * trouble.
 */
const GUESS_SHARE = 0.4

const MORNING = { from: 8, to: 11 }
const AFTERNOON = { from: 13, to: 17 }

export function settingFor (
  conversation: Conversation,
  character: Character,
  dice: Dice,
  setback: Setback | null
): Setting {
  const { language, today, calls } = conversation
  const changesTime = setback !== null &&
    (WANTS_OTHER_TIME.test(setback.text) || dice.chance(GUESS_SHARE))
  const hours = character.prefersAfternoon !== changesTime ? AFTERNOON : MORNING
  return {
    dice,
    language,
    content: CONTENT[language].characters[character.name],
    people: CONTENT[language].people,
    today,
    hour: dice.between(hours.from, hours.to),
    // Once told, it remembers for the rest of the day.
    usesE164: calls.some(call => call.isError && WANTS_E164.test(call.text)),
    seen: calls.map(call => call.text).join('\n')
  }
}
