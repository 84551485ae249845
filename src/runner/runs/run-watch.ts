import type { Interruption } from '../agent/day.ts'

/**
 * How long a tool call may still take once this process was asked to stop: cut short, nobody could
 * tell whether it was carried out.
 */
const TOOL_GRACE_MS = 18_000
/**
 * A call of the model repeats no effect when another process asks again, so a stop hardly waits for
 * it.
 */
const MODEL_GRACE_MS = 2000

export interface RunWatch {
  signal: AbortSignal
  /** For what has no effect in the app: aborted like `signal`, but sooner on a polite stop. */
  modelSignal: AbortSignal
  interruption(): Interruption | null
  /** Milliseconds until the run's time is over. */
  remainingMs(): number
  cancel(): void
  end(): void
}

/**
 * Gathers everything that may end a run from outside: its time limit, an operator, the stop of this
 * process.
 */
export function watchRun (stop: AbortSignal, remainingMs: number): RunWatch {
  const all = new AbortController()
  const model = new AbortController()
  const timers: NodeJS.Timeout[] = []
  const endsAt = performance.now() + remainingMs
  let interruption: Interruption | null = null
  const interrupt = (why: Interruption, grace = { tool: 0, model: 0 }) => {
    interruption ??= why
    timers.push(
      setTimeout(() => model.abort(new Error(why)), grace.model),
      setTimeout(() => all.abort(new Error(why)), grace.tool)
    )
  }
  timers.push(setTimeout(() => interrupt('timeout'), Math.max(0, remainingMs)))
  const onStop = () => interrupt('released', { tool: TOOL_GRACE_MS, model: MODEL_GRACE_MS })
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  return {
    signal: all.signal,
    modelSignal: model.signal,
    interruption: () => interruption,
    remainingMs: () => endsAt - performance.now(),
    cancel: () => interrupt('cancelled'),
    end () {
      timers.forEach(clearTimeout)
      stop.removeEventListener('abort', onStop)
    }
  }
}
