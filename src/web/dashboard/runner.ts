import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { RunRow } from '../../platform/db/tables.ts'

/** All SQL of the runner's page, besides what the runner itself tells. */

export interface SpendDay {
  day: string
  runs: number
  input: number
  cacheRead: number
  output: number
  /** Null: nobody knows the price. */
  usd: number | null
}

const DAYS = 14

/**
 * Tokens by the day (UTC) on which a run was opened; days without any run are there with zeros.
 * Oldest first.
 */
export async function readSpend (db: Queryable): Promise<SpendDay[]> {
  const { rows } = await sql<SpendDay>`
    SELECT to_char(days.day, 'YYYY-MM-DD') AS day, coalesce(spent.runs, 0)::int AS runs, coalesce(spent.input, 0)::float8 AS input,
           coalesce(spent.cache_read, 0)::float8 AS "cacheRead", coalesce(spent.output, 0)::float8 AS output, spent.usd::float8 AS usd
    FROM generate_series((now() AT TIME ZONE 'UTC')::date - ${
    sql.lit(DAYS - 1)
  }::int, (now() AT TIME ZONE 'UTC')::date, interval '1 day') AS days (day)
    LEFT JOIN (
      SELECT date_trunc('day', queued_at AT TIME ZONE 'UTC') AS day, count(*) AS runs, sum(input_tokens + cache_write_tokens) AS input,
             sum(cache_read_tokens) AS cache_read, sum(output_tokens) AS output, sum(usd) AS usd
      FROM runs WHERE queued_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - ${
    sql.lit(`${DAYS} days`)
  }::interval GROUP BY 1
    ) AS spent ON spent.day = days.day
    ORDER BY days.day`.execute(db)
  return rows
}

interface BrokenRun {
  id: string
  state: RunRow['state']
  personaId: string
  name: string
  errorCode: string | null
  errorMessage: string | null
  attempt: number
  finishedAt: Date
  /** The persona has lived or is living another day since: nothing is left to do. */
  isMadeUpFor: boolean
}

const SHOWN = 12

/**
 * Runs of the last week that failed or that nobody finished, newest first. The queue's dead letters
 * are among them: what it gives up becomes an abandoned run.
 */
export async function readBroken (db: Queryable): Promise<BrokenRun[]> {
  const { rows } = await sql<BrokenRun>`
    SELECT r.id, r.state, r.persona_id AS "personaId", p.name, r.error_code AS "errorCode", r.error_message AS "errorMessage", r.attempt,
           r.finished_at AS "finishedAt",
           EXISTS (SELECT FROM runs later WHERE later.persona_id = r.persona_id AND later.queued_at > r.queued_at
             AND later.state NOT IN ('failed', 'abandoned')) AS "isMadeUpFor"
    FROM runs r JOIN personas p ON p.id = r.persona_id
    WHERE r.finished_at > now() - interval '7 days' AND r.state IN ('failed', 'abandoned')
    ORDER BY r.finished_at DESC, r.id DESC LIMIT ${SHOWN}`.execute(db)
  return rows
}

/** How long the run that has waited longest has been waiting, in milliseconds; null: none waits. */
export async function readLongestWait (db: Queryable): Promise<number | null> {
  const { rows: [row] } = await sql<{ ms: number | null }>`
    SELECT (extract(epoch FROM now() - min(queued_at)) * 1000)::float8 AS ms FROM runs WHERE finished_at IS NULL AND state = 'queued'`
    .execute(db)
  return row?.ms ?? null
}
