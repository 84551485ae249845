/** From how long on a call is slow. Pure. */

/**
 * Response times that people notice and that lose their attention, in milliseconds (Nielsen,
 * Usability Engineering, 1993).
 */
const NOTICED_MS = 1000
const ATTENTION_LOST_MS = 10_000
const SLOW_MS_PER_POINT = 30

/**
 * A call that takes more milliseconds is slow to a persona with so much patience: 3 s with 100
 * points.
 */
export function slowMsFor (budget: number): number {
  return Math.min(ATTENTION_LOST_MS, Math.max(NOTICED_MS, budget * SLOW_MS_PER_POINT))
}
