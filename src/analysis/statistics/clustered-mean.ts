import { tUpperQuantile } from './student-t.ts'

/** The mean of ratings by several personas, each of whom gave several. Pure. */

/** Sums over personas: of each, `count` ratings with the sum `total`. */
export interface Clusters {
  personas: number
  count: number
  total: number
  totalSquares: number
  countSquares: number
  countTimesTotal: number
}

interface ClusteredMean {
  mean: number
  se: number
  /** Degrees of freedom. */
  df: number
  /** The 95 % interval, not cut at the ends of the scale. */
  low: number
  high: number
}

/** Fewer personas say too little about how much personas differ. */
const MIN_PERSONAS = 5
/** A rating is a whole number: 1/12 is the variance of rounding. */
const ROUNDING_VARIANCE = 1 / 12

/**
 * Mean and interval with personas as clusters: SE² = G/(G−1) · Σ (s_p − n_p·x̄)² / n², at least
 * (1/12)/G, and Student's t with G − 1 degrees of freedom. Ratings of one persona resemble each
 * other, so an interval over single ratings grows too narrow with every day.
 * Source: Cameron and Miller, A Practitioner's Guide to Cluster-Robust Inference (2015), II.
 * @returns null below 5 personas
 */
export function clusteredMean (clusters: Clusters): ClusteredMean | null {
  const { personas, count, total, totalSquares, countSquares, countTimesTotal } = clusters
  if (personas < MIN_PERSONAS) return null
  const mean = total / count
  const squares = totalSquares - 2 * mean * countTimesTotal + mean ** 2 * countSquares
  const robust = personas / (personas - 1) * Math.max(0, squares) / count ** 2
  const se = Math.sqrt(Math.max(robust, ROUNDING_VARIANCE / personas))
  const df = personas - 1
  const half = tUpperQuantile(0.025, df) * se
  return { mean, se, df, low: mean - half, high: mean + half }
}
