import { sayDoGap, visitsOf, type FrictionAction } from '../../analysis/feedback/friction.ts'
import type { JudgedVisit } from '../../analysis/feedback/visits-repository.ts'
import type { RecordedCall } from './run-record.ts'

/** The visits of a run by its calls and ratings. Pure. */

export interface JudgedBy {
  /** Numbers of the calls that the persona walked away over. */
  over: readonly number[]
  slowMs: number
}

interface GivenRating {
  module: string
  rating: number | null
  grounded: boolean | null
}

export function toFrictionAction (
  { ordinal, toolName, module, inputHash, result, blame, latencyMs }: RecordedCall
): FrictionAction {
  return { number: ordinal + 1, module, toolName, inputHash, result, blame, latencyMs }
}

/** Friction needs no model: it is computed whether or not the persona rated anything. */
export function judgeVisits (
  calls: FrictionAction[],
  ratings: readonly GivenRating[],
  { over, slowMs }: JudgedBy
): JudgedVisit[] {
  const left = new Set(calls.filter(call => over.includes(call.number)).map(call => call.module))
  return visitsOf(calls, { slowMs }).map(visit => ({
    ...visit,
    walkedAway: left.has(visit.module),
    sayDoGap: sayDoGap(numberOf(ratings, visit.module), visit.friction)
  }))
}

function numberOf (ratings: readonly GivenRating[], module: string): number | null {
  return ratings.find(rating => rating.module === module && rating.grounded)?.rating ?? null
}

/** A call whose module has another name by now. */
export interface RenamedCall extends FrictionAction {
  /** What the persona was told. */
  told: string
}

/**
 * A rating is compared with the friction of the module that the persona was told. The answer stands
 * with the visit that has most calls of that module, so that no gap counts twice. Where that holds
 * for several ratings, one with a gap goes first, then the one with more calls.
 */
export function judgeRenamed (
  calls: RenamedCall[],
  ratings: readonly GivenRating[],
  judgedBy: JudgedBy
): JudgedVisit[] {
  const told = judgeVisits(calls.map(call => ({ ...call, module: call.told })), ratings, judgedBy)
    .filter(visit => ratings.some(rating => rating.module === visit.module))
    .map(visit => ({ ...visit, home: homeOf(visit.module, calls) }))
    .sort((a, b) => Number(b.sayDoGap) - Number(a.sayDoGap) || b.calls - a.calls)
  return judgeVisits(calls, [], judgedBy).map(visit => {
    const rated = told.find(({ home }) => home === visit.module)
    const isRated = ratings.some(({ module }) => module === visit.module)
    if (rated === undefined) return { ...visit, sayDoGap: null, ratedAs: isRated ? '' : null }
    const ratedAs = rated.module === visit.module ? null : rated.module
    return { ...visit, sayDoGap: rated.sayDoGap, ratedAs }
  })
}

/** The present module with most calls of one that was told; of several the first. */
function homeOf (told: string, calls: RenamedCall[]): string | undefined {
  const shares = visitsOf(calls.filter(call => call.told === told), { slowMs: Infinity })
  return shares.sort((a, b) => b.calls - a.calls)[0]?.module
}
