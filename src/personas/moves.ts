import { sql, type RawBuilder } from 'kysely'

/**
 * What the end of a run changes in its persona's row: assignments, of which one statement may make
 * several.
 */

/**
 * The persona had its day, eventful or not: it is due again one cadence from now, and nothing is
 * held against it any more.
 */
export const LIVED =
  sql`last_active_at = now(), consecutive_failures = 0, not_before = NULL, strikes = 0`

/**
 * The persona is due again one cadence from now, without having lived a day that says anything of
 * it.
 */
export const SKIPPED = sql`last_active_at = now()`

/**
 * Due time moves on failure too: a broken persona must not spin. Waits 5 minutes, doubled with
 * every failure in a row up to 6 hours, each with up to a quarter taken off at random so that
 * personas that failed together do not come back together.
 */
export const FAILED = sql`consecutive_failures = consecutive_failures + 1,
  not_before = now() + least(interval '6 hours', interval '5 minutes' * power(2, least(consecutive_failures, 10))) * (1 - random() * 0.25)`

/** A failure of another kind came in between. */
export const NO_STRIKES = sql`strikes = 0`

/** So many runs in a row that nobody could finish, or that were refused, pause a persona. */
export const STRIKES_TO_PAUSE = 3

/**
 * A run that says trying again will hardly help. @param what happened, as the reason of a pause
 * begins
 */
export function strike (what: string): RawBuilder<unknown> {
  const reason =
    `${what}. That makes ${STRIKES_TO_PAUSE} runs in a row that were refused or that nobody could finish. Look into the latest one, then resume.`
  return sql`strikes = strikes + 1, paused = paused OR strikes + 1 >= ${STRIKES_TO_PAUSE}::int,
    pause_reason = CASE WHEN NOT paused AND strikes + 1 >= ${STRIKES_TO_PAUSE}::int THEN ${reason} ELSE pause_reason END`
}
