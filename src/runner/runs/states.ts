/**
 * The states of a run. `queued → acting → reflecting → completed`, and from any open state to
 * `failed`, `incomplete` or `abandoned`. Pure.
 */

export type RunState =
  | 'queued'
  | 'acting'
  | 'reflecting'
  | 'completed'
  | 'incomplete'
  | 'failed'
  | 'abandoned'
type FinalState = Extract<RunState, 'completed' | 'incomplete' | 'failed' | 'abandoned'>

export const RUN_STATES: RunState[] = [
  'queued',
  'acting',
  'reflecting',
  'completed',
  'incomplete',
  'failed',
  'abandoned'
]

export function isFinal (state: RunState): state is FinalState {
  return state === 'completed' || state === 'incomplete' || state === 'failed' ||
    state === 'abandoned'
}

/**
 * Completed and incomplete days were both lived and count; a limit or a refusal is a finding, not a
 * fault of the runner.
 */
export function wasLived (state: FinalState): boolean {
  return state === 'completed' || state === 'incomplete'
}

/** How a day that ended for this reason is filed. */
export function finalStateFor (endReason: string): FinalState {
  return endReason === 'end_turn' ? 'completed' : 'incomplete'
}

/** How a run ended, as it is stored. */
export interface RunEnd {
  state: FinalState
  endReason: string | null
  /** Which limit was reached, and by how much it was passed. */
  endDetail?: string | null
  errorCode?: string
  errorMessage?: string
  daySummary?: string | null
  costliestModule?: string | null
  /** Numbers of the actions that used up the patience. */
  walkedAwayOver?: number[]
}
