import type { CastRows, CastVisit } from './cast-rows.ts'
import { compareOnce, type ModuleLook } from './release-verdict.ts'
import { comparisonSentence } from './sentence.ts'
import { worstFirst } from './worst-first.ts'

/** Two releases, or two ranges of days, against each other. Pure. */

export interface Side {
  /** How the sentences call it. */
  name: string
  has: (visit: CastVisit) => boolean
}

export interface ModuleComparison {
  module: string
  look: ModuleLook
  sentence: string
}

export interface SideDays {
  from: number | null
  to: number | null
  days: number
}

export interface CompareResult {
  before: SideDays
  after: SideDays
  /** Worst first. */
  modules: ModuleComparison[]
}

/** @param sides of which none has a visit of the other */
export function compareSides (
  { visits }: CastRows,
  { before, after }: { before: Side, after: Side },
  maxDays: number
): CompareResult {
  const labelled = visits.flatMap(visit => {
    if (before.has(visit)) return { ...visit, release: -1 }
    return after.has(visit) ? { ...visit, release: 0 } : []
  })
  const rows = { visits: latestDays(labelled, maxDays), releases: [] }
  const between = `in ${after.name}, compared with ${before.name}`
  const modules = compareOnce(rows, maxDays).flatMap(({ module, looks: [look] }) =>
    look === undefined
      ? []
      : [{ module, look, sentence: comparisonSentence(module, look, between) }]
  )
  return {
    before: daysOf(rows.visits.filter(visit => visit.release < 0)),
    after: daysOf(rows.visits.filter(visit => visit.release === 0)),
    modules: worstFirst(modules, ({ look }) => look.state)
  }
}

/** The work grows with the square of the days. */
function latestDays (visits: readonly CastVisit[], maxDays: number): CastVisit[] {
  const days = (release: number) =>
    [...new Set(visits.filter(visit => visit.release === release).map(({ day }) => day))]
      .sort((a, b) => a - b)
  const firstBefore = days(-1).at(-maxDays) ?? -Infinity
  const firstAfter = days(0).at(-maxDays) ?? -Infinity
  return visits.filter(({ day, release }) => day >= (release < 0 ? firstBefore : firstAfter))
}

function daysOf (visits: readonly CastVisit[]): SideDays {
  const days = new Set(visits.map(({ day }) => day))
  if (days.size === 0) return { from: null, to: null, days: 0 }
  return { from: Math.min(...days), to: Math.max(...days), days: days.size }
}
