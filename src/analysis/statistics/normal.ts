import { bisect } from './bisection.ts'

/** The standard normal distribution. Pure. */

const SERIES_BELOW = 3
/** Beyond this, the tail is smaller than a double can hold. */
const LARGEST_Z = 38
const DENSITY_AT_0 = 1 / Math.sqrt(2 * Math.PI)

/** P(Z ≤ z). Accurate in both tails. */
export function normalCdf (z: number): number {
  const x = Math.abs(z)
  const tail = x > LARGEST_Z ? 0 : x < SERIES_BELOW ? 0.5 - centre(x) : farTail(x)
  return z > 0 ? 1 - tail : tail
}

/** P(0 < Z < x) by its power series (Abramowitz and Stegun 26.2.11). */
function centre (x: number): number {
  let term = x
  let sum = x
  for (let k = 1; Math.abs(term) > 1e-17 * sum; k++) {
    term *= x * x / (2 * k + 1)
    sum += term
  }
  return sum * Math.exp(-x * x / 2) * DENSITY_AT_0
}

/** P(Z > x) by the continued fraction of Mills' ratio (Abramowitz and Stegun 26.2.14). */
function farTail (x: number): number {
  let fraction = 0
  for (let k = 120; k >= 1; k--) fraction = k / (x + fraction)
  return Math.exp(-x * x / 2) * DENSITY_AT_0 / (x + fraction)
}

/** z with P(Z ≤ z) = p; -Infinity at 0 and Infinity at 1. */
export function normalQuantile (p: number): number {
  if (p <= 0) return -Infinity
  if (p >= 1) return Infinity
  // The lower tail has more digits than 1 minus the upper one.
  if (p > 0.5) return -normalQuantile(1 - p)
  return bisect(-LARGEST_Z - 2, 0, z => normalCdf(z) > p)
}
