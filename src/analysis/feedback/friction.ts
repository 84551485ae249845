import type { Blame } from '../../platform/db/tables.ts'

/**
 * How much a module got in the persona's way, from the actions of a run alone and without a model
 * (docs/ratings.md). Pure.
 */

export interface FrictionAction {
  /** Counted from 1 within the run. */
  number: number
  module: string
  toolName: string
  /** Null: not known, and then never the same as another. */
  inputHash: string | null
  result: 'ok' | 'error' | 'unknown' | 'rejected'
  /** Null: it ended ok, was not to be executed any more, is nobody's, or nobody knows. */
  blame: Blame | null
  /** Null where nothing was sent. */
  latencyMs: number | null
}

interface FrictionCounts {
  /** Calls that were made or tried; not those of a day that was over. */
  calls: number
  /** Calls that did not end ok, by whom it is blamed on. */
  appErrors: number
  personaErrors: number
  modelErrors: number
  accountErrors: number
  harnessErrors: number
  /**
   * Judged calls that were the very same once more: after it failed the last time, or twice in a
   * row.
   */
  repeats: number
  /** Calls refused for their arguments after which the persona tried the tool again. */
  repairLoops: number
  /** Judged calls that took longer than the persona finds bearable. */
  slowCalls: number
  /** Those of `appErrors` that the app never answered. */
  unknownCalls: number
}

export interface ModuleVisit extends FrictionCounts {
  module: string
  latencyMsSum: number
  /** 0 to 100. */
  friction: number
}

/**
 * Points of friction for one call of each kind; they add up. Three things keep a call that gets
 * worse, by the app or by its arguments, from ever lowering the sum: an error of the app weighs at
 * least as much as the repair loop that it may stand in place of, a missing answer at least as much
 * as the slowness that may no longer be known of it, and a loop counts whatever the arguments of
 * the next try. The numbers are ours: 40 % of calls failing is a friction of 40.
 */
const WEIGHTS = { appError: 100, unknownCall: 25, repeat: 50, repairLoop: 25, slowCall: 25 }

/**
 * friction = (100 × appErrors + 25 × unknownCalls + 50 × repeats + 25 × repairLoops + 25 ×
 * slowCalls) / judged calls, at most 100, to one decimal. Judged are all calls but those that the
 * model, the account or this runner spoilt: they say nothing about the module. Errors of the
 * persona count only by the loops they led to, which a better contract would have spared.
 */
export function frictionOf (counts: FrictionCounts): number {
  const points = WEIGHTS.appError * counts.appErrors + WEIGHTS.unknownCall * counts.unknownCalls +
    WEIGHTS.repeat * counts.repeats + WEIGHTS.repairLoop * counts.repairLoops +
    WEIGHTS.slowCall * counts.slowCalls
  const judged = counts.calls - counts.modelErrors - counts.accountErrors - counts.harnessErrors
  return Math.round(Math.min(100, points / Math.max(1, judged)) * 10) / 10
}

/**
 * One visit per module that was used, in the order of first use.
 * @param limits `slowMs`: a call that takes more milliseconds is slow to this persona
 */
export function visitsOf (actions: FrictionAction[], limits: { slowMs: number }): ModuleVisit[] {
  const made = actions.filter(action => !wasNotToBeExecuted(action)).toSorted((a, b) =>
    a.number - b.number
  )
  const repeats = findRepeats(made)
  const loops = findRepairLoops(made)
  return [...Map.groupBy(made, action => action.module)].map(([module, calls]) => {
    const count = (is: (action: FrictionAction) => boolean) => calls.filter(is).length
    const errorsOf = (blame: Blame) => count(action => isBlamedOn(action, blame))
    const counts: FrictionCounts = {
      calls: calls.length,
      appErrors: errorsOf('app'),
      personaErrors: errorsOf('persona'),
      modelErrors: errorsOf('model'),
      accountErrors: errorsOf('account'),
      harnessErrors: errorsOf('harness'),
      repeats: count(action => repeats.has(action)),
      repairLoops: count(action => loops.has(action)),
      slowCalls: count(action => !isSpoilt(action) && (action.latencyMs ?? 0) > limits.slowMs),
      unknownCalls: count(action => isAppError(action) && action.result === 'unknown')
    }
    const latencyMsSum = calls.reduce((sum, action) => sum + (action.latencyMs ?? 0), 0)
    return { module, ...counts, latencyMsSum, friction: frictionOf(counts) }
  })
}

/**
 * The limit that so many calls of a run were slower than. The persona's patience may have changed
 * since the run was judged; the slowest calls were the slow ones then and are now.
 */
export function slowMsOf (actions: FrictionAction[], slowCalls: number): number {
  const latencies = actions.filter(action => !wasNotToBeExecuted(action) && !isSpoilt(action))
    .map(action => action.latencyMs ?? 0).sort((a, b) => b - a)
  return slowCalls === 0 ? Infinity : latencies[slowCalls] ?? -1
}

/** What was left of a message when the day was over. */
const wasNotToBeExecuted = ({ result, blame }: FrictionAction) =>
  result === 'rejected' && blame === null
const isBlamedOn = (action: FrictionAction, blame: Blame) =>
  action.result !== 'ok' && action.blame === blame
const isAppError = (action: FrictionAction) => isBlamedOn(action, 'app')

/**
 * By the model, the account or this runner: it says nothing about the module, and nor does doing it
 * again.
 */
const isSpoilt = (action: FrictionAction) =>
  (['model', 'account', 'harness'] as const).some(blame => isBlamedOn(action, blame))

function findRepeats (actions: FrictionAction[]): Set<FrictionAction> {
  const lastOfKey = new Map<string, FrictionAction>()
  const repeats = new Set<FrictionAction>()
  for (const [i, action] of actions.entries()) {
    if (action.inputHash === null || isSpoilt(action)) continue
    const key = `${action.toolName} ${action.inputHash}`
    const last = lastOfKey.get(key)
    if (last !== undefined && (last === actions[i - 1] || last.result !== 'ok')) repeats.add(action)
    lastOfKey.set(key, action)
  }
  return repeats
}

function findRepairLoops (actions: FrictionAction[]): Set<FrictionAction> {
  const lastOfTool = new Map(actions.map(action => [action.toolName, action]))
  return new Set(
    actions.filter(action =>
      isBlamedOn(action, 'persona') && lastOfTool.get(action.toolName) !== action
    )
  )
}

/** From here on so much went wrong that a 4 (worked as expected) is not to be believed. */
const GAP_HIGH_FRICTION = 40
/**
 * Below this next to nothing went wrong, so a 2 (had to repeat or work around) has no ground in
 * what happened.
 */
const GAP_LOW_FRICTION = 10

/**
 * Whether rating and friction contradict each other; null: no number to compare with. The
 * thresholds are ours.
 */
export function sayDoGap (rating: number | null, friction: number): boolean | null {
  if (rating === null) return null
  return (rating >= 4 && friction >= GAP_HIGH_FRICTION) ||
    (rating <= 2 && friction < GAP_LOW_FRICTION)
}
