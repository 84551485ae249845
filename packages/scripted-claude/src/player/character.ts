import type { CharacterName } from './content.ts'
import { diceFor } from './seeded-dice.ts'

/** What does not change about a persona from one day to the next. */
export interface Character {
  name: CharacterName
  /** How it rates what went wrong: -1 harsh, 1 generous. */
  leniency: -1 | 0 | 1
  /** How often it tries a failed call again, 0 to 1. */
  persistence: number
  /** When its events are. */
  prefersAfternoon: boolean
  /** Looks at everything first instead of going through the app module by module. */
  looksAroundFirst: boolean
}

const KEYWORDS: [CharacterName, RegExp][] = [
  ['student', /\bstudent|\bstudierst|im studium|semester|azubi|apprentice|\bpupil/i],
  [
    'ceo',
    /\bceo\b|geschäftsführ|gründer|founder|executive|vorstand|unternehmer|director|führst .* betrieb/i
  ],
  [
    'parent',
    /\bparent|mutter|\bvater|eltern|zwillinge|dein sohn|deine tochter|mother|father|\bmum\b|\bmom\b|\bdad\b/i
  ],
  ['developer', /developer|entwickler|programmier|engineer|coder|informatik/i],
  ['researcher', /research|forsch|wissenschaft|scientist|doktorand|\bphd\b|academic/i],
  ['freelancer', /freelanc|freiberuf|selbstst?ändig|self-employed|dolmetsch|designer/i],
  [
    'newcomer',
    /newcomer|newbie|beginner|neuling|neueinsteiger|anfänger|first time|zum ersten mal|rentner|retired|sekretär/i
  ]
]

const LENIENCY: Partial<Record<CharacterName, -1 | 1>> = { ceo: -1, parent: 1, newcomer: 1 }
const PERSISTENCE: Partial<Record<CharacterName, number>> = { ceo: 0.4, newcomer: 0.6 }

/**
 * Read from the persona's own prompt; what it does not say falls by a throw that is always the same
 * for this prompt.
 */
export function characterOf (systemPrompt: string): Character {
  const dice = diceFor('character', systemPrompt)
  const name = nameOf(systemPrompt)
  const afternoon = dice.chance(0.5)
  return {
    name,
    leniency: LENIENCY[name] ?? 0,
    persistence: PERSISTENCE[name] ?? 0.9,
    prefersAfternoon: timeOfDay(systemPrompt) ?? afternoon,
    looksAroundFirst: dice.chance(0.5)
  }
}

/** The first keyword wins: a student who wants to be a developer is a student. */
function nameOf (systemPrompt: string): CharacterName {
  const found = KEYWORDS.map(([name, words]) => ({ name, at: systemPrompt.search(words) })).filter((
    { at }
  ) => at >= 0)
  return found.sort((a, b) => a.at - b.at)[0]?.name ?? 'anyone'
}

/** True: afternoon. `undefined` when the prompt names neither time of day, or both. */
function timeOfDay (systemPrompt: string): boolean | undefined {
  const afternoon =
    /nach(?: (?:dem|der) )?mittag|afternoon|\babends?\b|evening|nachteule|night owl/i.test(
      systemPrompt
    )
  const morning = /vormittag|morgens|frühaufsteh|\bmorning|early riser|early bird/i.test(
    systemPrompt
  )
  return afternoon === morning ? undefined : afternoon
}
