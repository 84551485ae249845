import { clusteredMean, type Clusters } from '../statistics/clustered-mean.ts'

/** What a few ratings say about the many that were not given. Pure. */

/** Below this there is no mean: two opinions are two opinions. */
export const MIN_N = 3

const LOWEST_RATING = 1
const HIGHEST_RATING = 5

/** The mean, from MIN_N ratings on. */
export function meanOf ({ n, rating_sum: sum }: { n: number, rating_sum: number }): number | null {
  return n < MIN_N ? null : round(sum / n)
}

/** The 95 % interval of the mean, within the scale; null below 5 personas. */
export function intervalOf (clusters: Clusters | undefined): { low: number, high: number } | null {
  const found = clusters === undefined ? null : clusteredMean(clusters)
  if (found === null) return null
  return {
    low: round(Math.max(LOWEST_RATING, found.low)),
    high: round(Math.min(HIGHEST_RATING, found.high))
  }
}

/** To two decimals: more would be a precision that is not there. */
export function round (value: number): number {
  return Math.round(value * 100) / 100
}
