import { tUpperQuantile, tUpperTail } from '../statistics/student-t.ts'
import type { Estimate } from './estimate.ts'
import { chargeForLooks, type Looks } from './looks.ts'
import { METHOD, type Channel } from './method.ts'

/** What one channel of one module says at one look. Pure. */

export interface ChannelFinding {
  state: 'worse' | 'better' | 'none'
  before: number
  after: number
  delta: number
  standardError: number
  df: number
  p: number
  /** `worse` and `better` need a p at or below this. */
  pLimit: number
  /**
   * The range of the change, at the level of the verdict: it excludes 0 exactly where p is within
   * its limit.
   */
  low: number
  high: number
  /** A change of this size would have been seen with 80 %. */
  smallest: number
  /** One-sided p of "worse by more than the margin". */
  pSafe: number
  /** No worse by more than the margin. */
  safe: boolean
  /** A change that matters would have been seen. */
  enough: boolean
  personas: number
  visitsBefore: number
  visitsAfter: number
}

const POWER = 0.8
/** 5 %, one-sided; two-sided looks at 10 % cost the same. */
const SAFE_ALPHA = 0.05

/**
 * @param alpha what this module and channel may spend over all looks, two-sided
 * @returns null where nothing can be computed: fewer than 2 personas on both sides
 */
export function channelFinding (
  estimate: Estimate,
  channel: Channel,
  { alpha, daysBefore, looks }: { alpha: number, daysBefore: number, looks: Looks }
): ChannelFinding | null {
  const { delta, standardError, df, p } = estimate
  if (!(standardError > 0)) return null
  const pLimit = alpha / chargeForLooks(alpha, daysBefore, looks)
  const critical = tUpperQuantile(pLimit / 2, df)
  const smallest = (critical + tUpperQuantile(1 - POWER, df)) * standardError
  const changed = p <= pLimit && Math.abs(delta) >= channel.least
  const pSafe = tUpperTail((channel.margin - channel.badIs * delta) / standardError, df)
  return {
    state: !changed ? 'none' : Math.sign(delta) === channel.badIs ? 'worse' : 'better',
    before: estimate.before,
    after: estimate.after,
    delta,
    standardError,
    df,
    p,
    pLimit,
    // No change lies outside these ends: cutting there leaves out none that the range must cover.
    low: Math.max(-channel.span, delta - critical * standardError),
    high: Math.min(channel.span, delta + critical * standardError),
    smallest,
    pSafe,
    // Every used module has to pass, so that one module's own 5 % need no correction for the
    // others.
    safe: pSafe <= SAFE_ALPHA / chargeForLooks(2 * SAFE_ALPHA, daysBefore, looks),
    enough: smallest <= channel.enough,
    personas: estimate.personas,
    visitsBefore: estimate.visitsBefore,
    visitsAfter: estimate.visitsAfter
  }
}

export type ModuleState =
  | 'worse'
  | 'better'
  | 'mixed'
  | 'no_worse'
  | 'no_change_seen'
  | 'too_little_data'

type Says = Pick<ChannelFinding, 'state' | 'safe' | 'enough'>

/**
 * Both channels together. A channel that the rows do not have at all is left out.
 * @param few too few personas or days for any word
 */
export function bothChannels (
  rating: Says | null,
  friction: Says | null,
  few: boolean
): ModuleState {
  const channels = [rating, friction].filter(channel => channel !== null)
  if (few || channels.length === 0) return 'too_little_data'
  const has = (state: Says['state']) => channels.some(channel => channel.state === state)
  if (has('worse') && has('better')) return 'mixed'
  if (has('worse')) return 'worse'
  if (has('better')) return 'better'
  if (channels.every(channel => channel.safe)) return 'no_worse'
  const wouldHaveBeenSeen = rating === null
    ? friction?.enough === true
    : rating.enough || (rating.safe && friction?.enough === true)
  return wouldHaveBeenSeen ? 'no_change_seen' : 'too_little_data'
}

/** Too few personas on both sides, or too few days. */
export function tooFew (
  estimate: Pick<Estimate, 'personas' | 'daysBefore' | 'daysAfter'>
): boolean {
  const { minPersonas, minDaysBefore, minDaysAfter } = METHOD
  return estimate.personas < minPersonas || estimate.daysBefore < minDaysBefore ||
    estimate.daysAfter < minDaysAfter
}
