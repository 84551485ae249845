import type { ChannelFinding } from './channel-finding.ts'
import type { Channel } from './method.ts'

/**
 * Whether nearly all modules moved together: then sign-in, network or the model did, and no module
 * is accused. Pure.
 */

const LEAST_OTHERS = 3
const SHARE = 0.75

/**
 * @param others of all modules but the one in question: its own change must not count as
 *   everybody's
 * @returns 1: up, -1: down, 0: they did not move together
 */
export function commonDirection (
  others: readonly (ChannelFinding | null)[],
  channel: Channel
): -1 | 0 | 1 {
  const deltas = others.flatMap(finding => finding === null ? [] : [finding.delta])
  if (deltas.length < LEAST_OTHERS) return 0
  const mean = deltas.reduce((sum, delta) => sum + delta, 0) / deltas.length
  const direction = mean > 0 ? 1 : -1
  const along = deltas.filter(delta => Math.sign(delta) === direction).length
  return Math.abs(mean) >= channel.least && along / deltas.length >= SHARE ? direction : 0
}
