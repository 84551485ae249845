import { sql } from 'kysely'
import type { Queryable } from '../db/database.ts'
import { groupColumns, inScope } from './filters.ts'
import type { ModuleScope } from './module-facts.ts'

export interface LatencyRow {
  group_model: string | null
  group_prompts: string | null
  module: string
  n: number
  /** Milliseconds: the median and the 95th percentile. */
  percentiles: [p50: number, p95: number]
}

/**
 * Of calls that were answered, per group and module. What the model, the account or this runner spoilt says nothing
 * about a module, and what an earlier version of a persona did stays out here too.
 */
export async function readLatencies (db: Queryable, scope: ModuleScope): Promise<LatencyRow[]> {
  const { model, prompts } = groupColumns(scope.mix, 'r')
  const { rows } = await sql<LatencyRow>`
    WITH left_out AS (${scope.mix ? sql`SELECT NULL AS run_id WHERE false` : runsOfEarlierVersions(scope)}),
    calls AS (
      SELECT ${model} AS group_model, ${prompts} AS group_prompts, a.module, a.latency_ms
      FROM persona_actions a LEFT JOIN runs r ON r.id = a.tick_id
      WHERE ${inScope(scope, 'a', { versions: 'r' })} AND a.latency_ms IS NOT NULL
        AND (a.blame IS NULL OR a.blame NOT IN ('model', 'account', 'harness'))
        AND NOT EXISTS (SELECT FROM left_out l WHERE l.run_id = a.tick_id)
    )
    SELECT group_model, group_prompts, module, count(*)::int AS n,
           percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY latency_ms) AS percentiles
    FROM calls GROUP BY group_model, group_prompts, module`.execute(db)
  return rows
}

/** Two steps and no window: half a million visits must not be sorted for the few that this finds. */
function runsOfEarlierVersions (scope: ModuleScope) {
  return sql`
    SELECT DISTINCT v.run_id
    FROM module_visits v JOIN (
      SELECT v.model, v.prompt_version, v.persona_id, max(v.persona_version) AS version
      FROM module_visits v WHERE ${inScope(scope, 'v')} GROUP BY 1, 2, 3
    ) AS newest ON newest.persona_id = v.persona_id AND newest.version > v.persona_version
      AND (newest.model, newest.prompt_version) IS NOT DISTINCT FROM (v.model, v.prompt_version)
    WHERE ${inScope(scope, 'v')}`
}
