import { slowMsFor } from '../../analysis/feedback/slowness.ts'
import type { Blame } from '../tools/toolbox.ts'

/**
 * What uses a persona's patience up. Pure, in whole points, from the calls of a run alone: who
 * resumes a run finds the same patience, and where a day ends can be computed in advance. The
 * numbers are ours: with the usual 100 points five failures in a row end a day, and it takes four
 * successes to make up for one.
 */

export interface PatienceCall {
  /** Counted from 1 within the run. */
  number: number
  toolName: string
  inputHash: string | null
  result: 'ok' | 'error' | 'unknown' | 'rejected'
  blame: Blame | null
  /** Null where nothing was sent. */
  latencyMs: number | null
}

/** Points that one call costs. */
const COST = {
  error: 20,
  /** No answer is worse than a no: now one has to go and look. */
  unknown: 25,
  /** Refused before it was sent: a slip of one's own. */
  rejected: 5,
  /** Doing the very same again: twice in a row, or once more in vain. */
  repeat: 10,
  /** For every second begun above what the persona finds slow. */
  slowSecond: 2,
  /** The most that the slowness of one call costs. */
  slowest: 20
}

/** Points that a call which worked gives back, up to the budget. */
const REFILL = 5

/**
 * What is left after these calls. At zero the persona has left: whatever comes behind that changes
 * nothing.
 * @param budget points at the start of the day, and the most there can be
 * @returns `drainedBy`: the numbers of the calls that cost points since patience was last full
 */
export function remainingPatience (
  budget: number,
  calls: PatienceCall[]
): { points: number, drainedBy: number[] } {
  let points = budget
  let drainedBy: number[] = []
  for (const { number, change } of changes(budget, calls)) {
    if (points <= 0) break
    points = Math.max(0, Math.min(budget, points + change))
    if (change < 0) drainedBy.push(number)
    else if (points === budget) drainedBy = []
  }
  return { points, drainedBy }
}

/** The number of the call over which the persona leaves; null: it stays. */
export function walksAwayAt (budget: number, calls: PatienceCall[]): number | null {
  const { points, drainedBy } = remainingPatience(budget, calls)
  return points <= 0 ? drainedBy.at(-1) ?? null : null
}

interface Change {
  number: number
  change: number
}

/** What each call gives or takes, for itself and for what went before it. */
function changes (budget: number, calls: PatienceCall[]): Change[] {
  const failed = new Set<string>()
  let before: string | null = null
  return calls.map(call => {
    const key = call.inputHash === null ? null : `${call.toolName} ${call.inputHash}`
    const inVain = key !== null && call.result !== 'ok' && failed.has(key)
    const isRepeat = inVain || (key !== null && key === before)
    before = key
    if (isExcused(call)) return { number: call.number, change: 0 }
    if (key !== null && call.result !== 'ok') failed.add(key)
    const worked = call.result === 'ok' ? REFILL : -COST[call.result]
    return {
      number: call.number,
      change: worked - (isRepeat ? COST.repeat : 0) - slowness(call.latencyMs, slowMsFor(budget))
    }
  })
}

/** No fault of the app, the model or the persona: our own crash, or not to be executed any more. */
function isExcused ({ result, blame }: PatienceCall): boolean {
  return blame === 'harness' || (result === 'rejected' && blame === null)
}

function slowness (latencyMs: number | null, slowMs: number): number {
  const over = Math.max(0, (latencyMs ?? 0) - slowMs)
  return Math.min(COST.slowest, COST.slowSecond * Math.ceil(over / 1000))
}
