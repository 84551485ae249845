import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'

/** What the runs of one app have cost lately, in US dollars each. */
export interface RunCosts {
  runs: number
  mean: number
  /** One in ten costs less. */
  low: number
  /** One in ten costs more. */
  high: number
}

/**
 * By app, of the last 30 days: days that were lived with this model, whatever ended them. Calls
 * whose answer never came count with what they may have cost.
 */
export async function measureRunCosts (
  db: Queryable,
  model: string
): Promise<Map<string, RunCosts>> {
  const { rows } = await sql<RunCosts & { app: string }>`
    SELECT app, count(*)::int AS runs, avg(cost) AS mean,
      percentile_cont(0.1) WITHIN GROUP (ORDER BY cost) AS low, percentile_cont(0.9) WITHIN GROUP (ORDER BY cost) AS high
    FROM (SELECT app, (usd + unanswered_usd)::float8 AS cost FROM runs WHERE queued_at > now() - interval '30 days'
      AND state IN ('completed', 'incomplete') AND usd IS NOT NULL AND (model = ${model} OR starts_with(model, ${`${model}-`}))) lived
    GROUP BY app ORDER BY app`.execute(db)
  return new Map(rows.map(({ app, ...costs }) => [app, costs]))
}
