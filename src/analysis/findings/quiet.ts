/** After how many visits without it a finding counts as gone. Pure. */

const STILL_THERE_BY_CHANCE = 0.05
const MIN_VISITS = 3

export interface Quiet {
  /** Share of the visits that met it while it was there. */
  rate: number
  /** Visits without it that are enough. */
  needed: number
  /** Visits without it so far. */
  passed: number
}

/**
 * A fault that `rate` of the visits meet is missed by k visits in a row with (1 − rate)^k. k visits
 * are enough where that is at most 5 %.
 * @param hits visits that met it, between the first and the last one that did
 * @param visits all visits in between by personas that ever met it; one more counts as a miss, so
 *   that a single visit is no rate of 100 %
 * @param passed visits by these personas since the last one that met it
 */
export function quietOf (
  { hits, visits, passed }: { hits: number, visits: number, passed: number }
): Quiet {
  const rate = hits / (Math.max(hits, visits) + 1)
  const needed = rate === 0
    ? Infinity
    : Math.max(MIN_VISITS, Math.ceil(Math.log(STILL_THERE_BY_CHANCE) / Math.log(1 - rate)))
  return { rate, needed, passed }
}

export const isGone = ({ needed, passed }: Quiet): boolean => passed >= needed
