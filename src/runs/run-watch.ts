import type { Interruption } from '../agent/day.ts'

/**
 * How long a run may go on once this process was asked to stop: to the next journaled step, but not for ever.
 */
const STOP_GRACE_MS = 15_000

export interface RunWatch {
  signal: AbortSignal
  interruption (): Interruption | null
  cancel (): void
  end (): void
}

/**
 * Gathers everything that may end a run from outside: its time limit, an operator, the stop of this process.
 */
export function watchRun (stop: AbortSignal, remainingMs: number): RunWatch {
  const controller = new AbortController()
  let interruption: Interruption | null = null
  const interrupt = (why: Interruption, graceMs: number) => {
    interruption ??= why
    return setTimeout(() => controller.abort(new Error(why)), graceMs)
  }
  const timers = [setTimeout(() => interrupt('timeout', 0), Math.max(0, remainingMs))]
  const onStop = () => { timers.push(interrupt('released', STOP_GRACE_MS)) }
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  return {
    signal: controller.signal,
    interruption: () => interruption,
    cancel: () => { timers.push(interrupt('cancelled', 0)) },
    end () {
      timers.forEach(clearTimeout)
      stop.removeEventListener('abort', onStop)
    }
  }
}
