import type { Character } from './character.ts'
import { CONTENT } from './content.ts'
import type { Voice } from './content.ts'
import type { Conversation, PastCall } from './conversation.ts'
import { comparedToLastTime, diaryOf, earlierRatings } from './diary.ts'
import { diceFor } from './seeded-dice.ts'
import type { Dice } from './seeded-dice.ts'

/** What happened in one module, as the persona is reminded of it. */
interface Experience {
  module: string
  worked: PastCall[]
  failed: PastCall[]
  listed: number[]
}

const ACTION_LINE = /^#(\d+) .*\(([^()]+)\): (.+)$/gm
const NOT_LIVED = /nicht ausgeführt|not executed/i
const MODULE_LIST = /(?:den du benutzt hast|each module you used): ([^\n]+)\.\n/
const MAX_QUOTE_CHARS = 120
/** What people notice first in an answer: a name, not an id. */
const TELLING = /"(?:title|name|text|note|message)":"[^"\\]{3,70}"/
const WORDS = /\p{L}[^]{3,}/u

/**
 * The persona's answer to the reflect prompt: nothing but the JSON asked for, and only of what the
 * conversation shows.
 */
export function reflect (conversation: Conversation, character: Character, prompt: string): string {
  const experiences = experiencesIn(conversation, prompt)
  const earlier = earlierRatings(conversation.dayPrompt)
  const ratings = experiences.map(experience =>
    ratingFor(experience, conversation, character, earlier)
  )
  const costliest = experiences.toSorted((a, b) => b.failed.length - a.failed.length)[0]
  return JSON.stringify({
    ratings,
    costliestModule: costliest && costliest.failed.length > 0 ? costliest.module : null,
    diary: diaryOf(conversation.language, ratings, experiences, earlier)
  })
}

function experiencesIn ({ calls }: Conversation, prompt: string): Experience[] {
  const lines = [...prompt.matchAll(ACTION_LINE)]
    .map(([, number, module, outcome]) => ({ number: Number(number), module, outcome }))
  const listed = MODULE_LIST.exec(prompt)?.[1]?.split(',').map(name => name.trim())
  const modules = [...new Set(listed ?? lines.map(line => line.module ?? ''))]
  return modules.map(module => {
    const own = lines.filter(line => line.module === module)
    const lived = own.filter(line => !NOT_LIVED.test(line.outcome ?? '')).map(line => line.number)
    const made = calls.filter(call => lived.includes(call.number))
    const { worked = [], failed = [] } = Object.groupBy(
      made,
      call => call.isError ? 'failed' : 'worked'
    )
    return { module, worked, failed, listed: own.map(line => line.number) }
  })
}

function ratingFor (
  experience: Experience,
  conversation: Conversation,
  character: Character,
  earlier: Map<string, number>
) {
  const dice = diceFor('rating', conversation.system, conversation.dayPrompt, experience.module)
  const { characters, noteNothing } = CONTENT[conversation.language]
  const and = conversation.language === 'de' ? ' und ' : ' and '
  const numbers = [...experience.worked, ...experience.failed].map(call => call.number).sort((
    a,
    b
  ) => a - b)
  const rating = ratingOf(experience, character, dice)
  const template = rating === 0
    ? noteNothing
    : noteFor(experience, characters[character.name].voice, dice)
  return {
    module: experience.module,
    notes: template
      .replaceAll('{refs}', refs(rating === 0 ? experience.listed : numbers, and))
      .replaceAll('{errors}', refs(experience.failed.map(call => call.number), and))
      .replaceAll('{module}', experience.module),
    evidence: evidenceOf(experience),
    comparedToLastTime: comparedToLastTime(experience.module, rating, earlier),
    rating
  }
}

/**
 * By the anchors of the prompt, then bent a little by character. How long something took cannot be
 * seen from here.
 */
function ratingOf (experience: Experience, character: Character, dice: Dice): number {
  const { worked, failed } = experience
  if (worked.length + failed.length === 0) return 0
  if (worked.length === 0) return 1
  if (failed.length > 1) return hasWorkaround(experience) || character.leniency > 0 ? 2 : 1
  if (failed.length === 1) return bent(hasWorkaround(experience) ? 2 : 1, character, dice)
  if (character.leniency < 0) return dice.chance(0.5) ? 3 : 4
  return worked.length > 2 && dice.chance(character.leniency > 0 ? 0.35 : 0.15) ? 5 : 4
}

/** After one error: a 2, half of the time bent by one, but not below what the anchors allow. */
function bent (lowest: number, { leniency }: Character, dice: Dice): number {
  return dice.chance(0.5) ? Math.max(lowest, 2 + leniency) : 2
}

function noteFor (experience: Experience, voice: Voice, dice: Dice): string {
  if (experience.failed.length === 0) return dice.pick(voice.noteGood)
  if (experience.worked.length === 0) return voice.noteFailed
  return hasWorkaround(experience) ? voice.noteWorkaround : voice.noteMixed
}

/** What failed worked in the end, by another try at the same tool. */
function hasWorkaround ({ worked, failed }: Experience): boolean {
  return failed.every(call =>
    worked.some(later => later.name === call.name && later.number > call.number)
  )
}

/**
 * The first trouble and the first success, each with a piece of the answer; all that is cited
 * stands in the conversation.
 */
function evidenceOf ({ worked, failed }: Experience): { action: number, quote?: string }[] {
  return [failed[0], worked[0]].filter(call => call !== undefined).map(call => {
    const quote = quoteFrom(call.text)
    return { action: call.number, ...(quote !== '' && { quote }) }
  })
}

function quoteFrom (text: string): string {
  const lines = text.trim().split('\n')
  // The first line of a document that is laid out for reading may be a bracket.
  const line = TELLING.exec(text)?.[0] ?? lines.find(line => WORDS.test(line)) ?? lines[0] ?? ''
  return [...line].slice(0, MAX_QUOTE_CHARS).join('').trim()
}

function refs (numbers: number[], and: string): string {
  const cited = numbers.slice(0, 4).map(number => `#${number}`)
  return cited.length > 1 ? `${cited.slice(0, -1).join(', ')}${and}${cited.at(-1)}` : cited.join('')
}
