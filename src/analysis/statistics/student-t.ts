import { bisect } from './bisection.ts'
import { incompleteBeta } from './incomplete-beta.ts'
import { normalCdf } from './normal.ts'

/** Student's t. Pure. `df`: degrees of freedom, above 0, not necessarily whole. */

const AS_GOOD_AS_NORMAL = 1e7

/** P(T > t), accurate in the tail. */
export function tUpperTail (t: number, df: number): number {
  if (!(df <= AS_GOOD_AS_NORMAL)) return normalCdf(-t)
  const tail = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5)
  return t >= 0 ? tail : 1 - tail
}

/** P(|T| > |t|). */
export function tTwoSided (t: number, df: number): number {
  return Math.min(1, 2 * tUpperTail(Math.abs(t), df))
}

/** t with P(T > t) = p. */
export function tUpperQuantile (p: number, df: number): number {
  if (p > 0.5) return -tUpperQuantile(1 - p, df)
  let high = 1
  while (tUpperTail(high, df) > p && high < 1e8) high *= 2
  return bisect(0, high, t => tUpperTail(t, df) <= p)
}
