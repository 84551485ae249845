import type { Language } from './content.ts'

/**
 * The diary of a played persona: a line of memory that it finds again the next day, and what was
 * worth a word today.
 */

interface RatedModule {
  module: string
  rating: number
}
interface Trouble {
  module: string
  failed: unknown[]
}

const MEMORY = /(?:Meine Noten bisher|My marks so far): ([a-z0-9_ ,-]+)/i

/** What the persona thought of each module the last time, as it once wrote into its memory. */
export function earlierRatings (dayPrompt: string): Map<string, number> {
  const marks = MEMORY.exec(dayPrompt)?.[1] ?? ''
  return new Map(
    [...marks.matchAll(/([a-z0-9_-]+) ([1-5])/gi)].map((
      [, module, rating]
    ) => [module ?? '', Number(rating)])
  )
}

export function comparedToLastTime (
  module: string,
  rating: number,
  earlier: Map<string, number>
): 'better' | 'same' | 'worse' | 'first' {
  const before = earlier.get(module)
  if (before === undefined || rating === 0) return 'first'
  return rating > before ? 'better' : rating < before ? 'worse' : 'same'
}

export function diaryOf (
  language: Language,
  ratings: RatedModule[],
  troubles: Trouble[],
  earlier: Map<string, number>
) {
  const marks = new Map(earlier)
  for (const { module, rating } of ratings) if (rating > 0) marks.set(module, rating)
  const used = ratings.map(({ module }) => module).join(', ')
  const hurt = troubles.filter(({ failed }) => failed.length > 0).map(({ module }) => module)
  const list = [...marks].map(([module, rating]) => `${module} ${rating}`).join(', ')
  return language === 'de'
    ? {
      did: `Heute benutzt: ${used}.`,
      annoyed: hurt.length > 0 ? `Ärger mit ${hurt.join(' und ')}.` : 'Nichts.',
      plan: hurt.length > 0 ? `${hurt[0]} noch einmal versuchen.` : 'Weiter so.',
      memory: `Meine Noten bisher: ${list}.`
    }
    : {
      did: `Used today: ${used}.`,
      annoyed: hurt.length > 0 ? `Trouble with ${hurt.join(' and ')}.` : 'Nothing.',
      plan: hurt.length > 0 ? `Try ${hurt[0]} again.` : 'Go on as before.',
      memory: `My marks so far: ${list}.`
    }
}
