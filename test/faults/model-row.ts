import type { Bench } from './model-bench.ts'

/**
 * One row of docs' table of faults: holds when `play` comes to its end without an assertion that
 * fails.
 */
export interface Row {
  number: string
  /** What must hold, as a promise. */
  promise: string
  play(bench: Bench): Promise<void>
}
