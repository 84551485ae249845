/**
 * The port to the money that all runs share. A call that is let out is either settled when its
 * reply, or that none came, is journaled (`day-journal.ts`), or given up.
 */
export interface Budget {
  /**
   * Asks for one call of the model.
   * @param mostUsd tells what it may cost at most, in US dollars (null: nobody knows the price);
   *   asked only where it matters
   * @returns false: the day's budget is used up. Waits while only calls under way stand in the way.
   * @throws RunLostError, and what the signal is aborted with
   */
  admit(mostUsd: () => number | null, signal: AbortSignal): Promise<boolean>
  /** The call reached no model and is not charged. */
  giveUp(): Promise<void>
}
