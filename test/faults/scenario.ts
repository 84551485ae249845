/**
 * One way in which things go wrong, played out against the real thing. `npm run faults -- <name>`
 * plays it in full; the suite plays a short version of each.
 */
export interface Scenario {
  name: string
  /** What it shows, in one line. */
  shows: string
  run(report: Report, size: Size): Promise<void>
}

export type Size = 'short' | 'full'

/** Where a scenario says what it saw. */
export interface Report {
  /**
   * One thing that must hold; counts as passed or failed. `detail` is shown when it does not hold.
   */
  check(what: string, holds: boolean, detail?: unknown): void
  /** One measured figure. */
  figure(name: string, value: number | string): void
}
