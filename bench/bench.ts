/** What a bench is, and where it puts what it has measured. */

export interface Bench {
  name: string
  /** One line on what it measures, and beside what. */
  shows: string
  run(report: BenchReport, options: { quick: boolean }): Promise<void>
}

export interface BenchReport {
  row(what: string, values: Record<string, number | string>): void
  /** A figure to reach, and whether it was. */
  check(what: string, holds: boolean): void
}
