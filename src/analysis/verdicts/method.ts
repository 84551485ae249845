/**
 * The fixed numbers of the method. Each was chosen by simulation; `docs/verdicts.md` has the
 * tables.
 */

export interface Channel {
  /**
   * The least variance that one visit is given: ratings are whole numbers, 1/12 is the variance of
   * rounding.
   */
  floor: number
  /** Standard deviation of a day's effect that is assumed until enough days were seen. */
  daySd: number
  /** The direction that hurts: a rating that falls, friction that rises. */
  badIs: -1 | 1
  /** A smaller change is never called worse or better. */
  least: number
  /** A release is safe where a change for the worse beyond this is unlikely. */
  margin: number
  /** "No change seen" is said only where a change of this size would have been seen. */
  enough: number
  /** The largest change that there can be: from one end of the scale to the other. */
  span: number
  /** The channel's part of the α of a module. */
  share: number
}

export type ChannelName = 'rating' | 'friction'

/** Ratings in points from 1 to 5, friction from 0 to 100. */
export const CHANNELS: Readonly<Record<ChannelName, Channel>> = {
  rating: {
    floor: 1 / 12,
    daySd: 0.25,
    badIs: -1,
    least: 0.3,
    margin: 0.5,
    enough: 1,
    span: 4,
    share: 0.7
  },
  friction: {
    floor: 25,
    daySd: 3,
    badIs: 1,
    least: 5,
    margin: 10,
    enough: 20,
    span: 100,
    share: 0.3
  }
}

export const METHOD = {
  /**
   * The share of harmless releases that may be accused, over all modules, channels and looks
   * together.
   */
  alpha: 0.05,
  /** The days under a release after which it is judged. */
  looks: [2, 3, 5, 7, 10, 14],
  maxDaysBefore: 28,
  minDaysBefore: 3,
  minDaysAfter: 2,
  minPersonas: 5,
  /** The part of α for the modules that a release declares to touch. */
  declaredShare: 0.8,
  /** Correlation of a day's effect with the next day's. */
  rho: 0.5,
  /** What the assumed day effect weighs, in degrees of freedom. */
  dayPriorDf: 4,
  /** Degrees of freedom that one day can add to the estimate of day effects at most. */
  dfPerDay: 2,
  /** What the variance shared by all modules weighs in one module's, in degrees of freedom. */
  sharedVarianceDf: 20
} as const
