import type { EndedCall } from './day-journal.ts'
import type { DayContext } from './day.ts'
import { remainingPatience, walksAwayAt, type PatienceCall } from './patience.ts'

/**
 * Patience is enforced here and not asked of the model: models told that they may leave never do
 * (docs/ratings.md).
 */

function toPatienceCall (call: EndedCall): PatienceCall {
  return {
    number: call.ordinal + 1,
    toolName: call.toolName,
    inputHash: call.inputHash,
    result: call.result,
    blame: call.blame,
    latencyMs: call.latencyMs
  }
}

export function hasWalkedAway (
  { patience, journal }: Pick<DayContext, 'patience' | 'journal'>
): boolean {
  return walksAwayAt(patience, journal.endedCalls().map(toPatienceCall)) !== null
}

/** The numbers of the actions that used the patience up, in their order. */
export function walkedAwayOver (
  { patience, journal }: Pick<DayContext, 'patience' | 'journal'>
): number[] {
  const calls = journal.endedCalls().map(toPatienceCall)
  const last = walksAwayAt(patience, calls)
  return last === null
    ? []
    : remainingPatience(patience, calls.filter(call => call.number <= last)).drainedBy
}
