/** What each bench is, for the runner that prints it (`npm run bench -- <name>`). */

export interface Bench {
  name: string
  /** One sentence: what it measures. */
  shows: string
  run (report: BenchReport, options: { quick: boolean }): Promise<void>
}

export interface BenchReport {
  row (what: string, values: Record<string, number | string>): void
  /** A figure that was to be reached. */
  check (what: string, holds: boolean): void
}
