import { setTimeout as sleep } from 'node:timers/promises'
import { sql, type RawBuilder } from 'kysely'
import type { Budget } from '../models/budget.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { holdRun, withUnanswered, type Lease } from './repository.ts'

/**
 * All SQL on daily_spend and spend_reservations: what one day's calls of the model have cost, over
 * all processes. Kept where a budget is set, because every call then passes through the day's one
 * row. Days are days of UTC, by the database's clock.
 */

interface SpentToday {
  /** ISO 8601 */
  day: string
  usd: number
  /** What calls under way may cost at most. */
  reservedUsd: number
  calls: number
  /** Of these, calls whose answer never came: charged with what they could have cost at most. */
  unansweredCalls: number
}

const TODAY = sql`(now() AT TIME ZONE 'UTC')::date`

/**
 * The money of one run, where a budget is set; without one every call is let out.
 * @param makeSure throws RunLostError where this worker has lost the run
 */
export function budgetOf (
  db: Queryable,
  lease: Lease,
  dailyBudgetUsd: number | null,
  makeSure: () => Promise<unknown> = () => holdRun(db, lease)
): Budget {
  return {
    async admit (mostUsd, signal) {
      for (;;) {
        await makeSure()
        if (dailyBudgetUsd === null) return true
        const answer = await db.transaction().execute(async trx => {
          await holdRun(trx, lease)
          return reserve(trx, lease, mostUsd() ?? 0, dailyBudgetUsd)
        })
        if (answer !== 'wait') return answer === 'admitted'
        await sleep(ASK_AGAIN_MS, undefined, { signal })
      }
    },
    async giveUp () {
      if (dailyBudgetUsd === null) return
      await db.deleteFrom('spend_reservations').where('run_id', '=', lease.runId).where(
        'attempt',
        '=',
        lease.attempt
      ).execute()
    }
  }
}

/**
 * Calls under way may turn out cheaper than what is set aside for them: who waits for that asks
 * again after so long.
 */
const ASK_AGAIN_MS = 500

/**
 * Lets a call out while what is spent and what is under way stay below the budget. With the day's
 * row held, calls that ask at the same moment see one another, so that the budget is passed by one
 * call at most.
 */
async function reserve (
  trx: Queryable,
  { runId, attempt }: Lease,
  usd: number,
  dailyBudgetUsd: number
): Promise<'admitted' | 'wait' | 'used_up'> {
  // A day that began without a budget has its runs' costs to begin with.
  await sql`INSERT INTO daily_spend (day, usd)
    SELECT ${TODAY}, coalesce(sum(usd), 0) FROM runs WHERE queued_at > now() - interval '2 days' AND started_at >= ${TODAY} AT TIME ZONE 'UTC'
      AND NOT EXISTS (SELECT FROM daily_spend WHERE day = ${TODAY})
    HAVING NOT EXISTS (SELECT FROM daily_spend WHERE day = ${TODAY})
    ON CONFLICT (day) DO NOTHING`.execute(trx)
  await sql`SELECT FROM daily_spend WHERE day = ${TODAY} FOR UPDATE`.execute(trx)
  await chargeLeftBehind(trx, { runId, attempt })
  const { usd: spent, reservedUsd } = await readToday(trx)
  if (spent >= dailyBudgetUsd) return 'used_up'
  if (spent + reservedUsd >= dailyBudgetUsd) return 'wait'
  await sql`INSERT INTO spend_reservations (run_id, attempt, day, usd) VALUES (${runId}, ${attempt}, ${TODAY}, ${usd})`
    .execute(trx)
  return 'admitted'
}

/**
 * The reply came: its price takes the place of what was reserved for it, as part of what is written
 * for the held run. Does nothing where no budget is set.
 */
export function settled ({ runId, attempt }: Lease, usd: number | null): RawBuilder<unknown> {
  return sql`reserved AS (DELETE FROM spend_reservations WHERE run_id = (SELECT id FROM held) AND run_id = ${runId} AND attempt = ${attempt} RETURNING day),
    settled AS (UPDATE daily_spend SET usd = daily_spend.usd + ${
    usd ?? 0
  }, calls = calls + 1 FROM reserved WHERE daily_spend.day = reserved.day)`
}

/**
 * The reply did not come, and may be charged for all the same: what was reserved for it is spent.
 * Otherwise as `settled`.
 */
export function unanswered ({ runId, attempt }: Lease): RawBuilder<unknown> {
  return sql`reserved AS (DELETE FROM spend_reservations WHERE run_id = (SELECT id FROM held) AND run_id = ${runId} AND attempt = ${attempt} RETURNING day, usd),
    ${chargedFor('reserved')}`
}

function chargedFor (reservation: string): RawBuilder<unknown> {
  return sql`charged AS (UPDATE daily_spend SET usd = daily_spend.usd + ended.usd, calls = calls + 1, unanswered_calls = unanswered_calls + 1
    FROM ${sql.ref(reservation)} AS ended WHERE daily_spend.day = ended.day)`
}

/**
 * A worker died over a call, or left it behind: what it, or one before it, has reserved was perhaps
 * spent.
 * @returns US dollars, which the run's own account has too from here on
 */
export async function chargeLeftBehind (db: Queryable, { runId, attempt }: Lease): Promise<number> {
  const { rows: [row] } = await sql<{ usd: number }>`
    WITH ${leftBehind({ runId, attempt }, sql``)},
    ${withUnanswered(runId, 'left_behind')}
    SELECT usd::float8 FROM left_behind`.execute(db)
  return row?.usd ?? 0
}

/**
 * The same as part of a statement that ends the run, and begins with a `mine` that has a row while
 * this worker has it.
 */
export function chargedLeftBehind (lease: Lease): RawBuilder<unknown> {
  return leftBehind(lease, sql`AND run_id = (SELECT id FROM mine)`)
}

function leftBehind (
  { runId, attempt }: Lease,
  condition: RawBuilder<unknown>
): RawBuilder<unknown> {
  return sql`left_behind AS (DELETE FROM spend_reservations WHERE run_id = ${runId} AND attempt <= ${attempt} ${condition} RETURNING day, usd),
    ${chargedFor('left_behind')}`
}

export async function readToday (db: Queryable): Promise<SpentToday> {
  const { rows: [row] } = await sql<
    { day: string, usd: number, reserved: number, calls: number, unanswered_calls: number }
  >`
    SELECT today.day::text, coalesce(s.usd, 0)::float8 AS usd, coalesce(s.calls, 0) AS calls, coalesce(s.unanswered_calls, 0) AS unanswered_calls,
      (SELECT coalesce(sum(usd), 0)::float8 FROM spend_reservations r WHERE r.day = today.day) AS reserved
    FROM (SELECT ${TODAY} AS day) today LEFT JOIN daily_spend s ON s.day = today.day`.execute(db)
  return {
    day: row?.day ?? '',
    usd: row?.usd ?? 0,
    reservedUsd: row?.reserved ?? 0,
    calls: row?.calls ?? 0,
    unansweredCalls: row?.unanswered_calls ?? 0
  }
}

/** Whether the day's money is gone; what is under way does not count yet. */
export async function isBudgetUsedUp (
  db: Queryable,
  dailyBudgetUsd: number | null
): Promise<boolean> {
  return dailyBudgetUsd !== null && (await readToday(db)).usd >= dailyBudgetUsd
}

/** For the record of a run that the budget ended. */
export async function budgetDetail (db: Queryable, dailyBudgetUsd: number): Promise<string> {
  const { usd, reservedUsd, day } = await readToday(db)
  const underWay = reservedUsd > 0 ? ` and ${reservedUsd.toFixed(4)} under way` : ''
  return `${usd.toFixed(4)} of ${
    dailyBudgetUsd.toFixed(2)
  } US dollars spent${underWay} on ${day} (UTC)`
}
