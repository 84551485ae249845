/** What a few ratings say about the many that were not given. Pure. */

/** Below this there is no mean: two opinions are two opinions. */
export const MIN_N = 3

const LOWEST_RATING = 1
const HIGHEST_RATING = 5

/**
 * Student's t for 95 %, two-sided, by degrees of freedom from 1; any table of the distribution has
 * it.
 */
const T95 = [
  12.706,
  4.303,
  3.182,
  2.776,
  2.571,
  2.447,
  2.365,
  2.306,
  2.262,
  2.228,
  2.201,
  2.179,
  2.160,
  2.145,
  2.131,
  2.120,
  2.110,
  2.101,
  2.093,
  2.086,
  2.080,
  2.074,
  2.069,
  2.064,
  2.060,
  2.056,
  2.052,
  2.048,
  2.045,
  2.042
]
const Z95 = 1.959964

/** Beyond the table: Abramowitz and Stegun 26.7.5, exact to four digits there. */
export function tQuantile95 (degreesOfFreedom: number): number {
  const z = Z95
  return T95[degreesOfFreedom - 1] ??
    z + (z ** 3 + z) / (4 * degreesOfFreedom) +
      (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degreesOfFreedom ** 2)
}

/**
 * A rating is a whole number, so what is behind it is known to half a point at best: the standard
 * deviation of rounding, 1/√12. Without it, five times the same 4 (and a model likes to say 4)
 * would look like certainty.
 */
const ROUNDING_SD = Math.sqrt(1 / 12)

export interface Sample {
  n: number
  /** Null where n is 0. */
  mean: number | null
  /** Standard deviation of the sample; null where n is below 2. */
  sd: number | null
}

interface Interval {
  low: number
  high: number
}

/** The mean, from MIN_N ratings on. */
export function meanOf ({ n, mean }: Sample): number | null {
  return n < MIN_N || mean === null ? null : round(mean)
}

/** The 95 % interval of the mean, within the scale; null below MIN_N. */
export function interval95 ({ n, mean, sd }: Sample): Interval | null {
  if (n < MIN_N || mean === null || sd === null) return null
  const half = tQuantile95(n - 1) * Math.max(sd, ROUNDING_SD) / Math.sqrt(n)
  return {
    low: round(Math.max(LOWEST_RATING, mean - half)),
    high: round(Math.min(HIGHEST_RATING, mean + half))
  }
}

/** To two decimals: more would be a precision that is not there. */
export function round (value: number): number {
  return Math.round(value * 100) / 100
}
