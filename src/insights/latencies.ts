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
  const ofRun = groupColumns(scope.mix, 'r')
  const ofVisit = groupColumns(scope.mix, 'v')
  const { rows } = await sql<LatencyRow>`
    WITH newest AS (
      SELECT ${ofVisit.model} AS group_model, ${ofVisit.prompts} AS group_prompts, v.persona_id, max(v.persona_version) AS version
      FROM module_visits v WHERE ${inScope(scope, 'v')} GROUP BY 1, 2, 3
    ),
    calls AS (
      SELECT ${ofRun.model} AS group_model, ${ofRun.prompts} AS group_prompts, a.persona_id, r.persona_version, a.module, a.latency_ms
      FROM persona_actions a LEFT JOIN runs r ON r.id = a.tick_id
      WHERE ${inScope(scope, 'a', { versions: 'r' })} AND a.latency_ms IS NOT NULL
        AND (a.blame IS NULL OR a.blame NOT IN ('model', 'account', 'harness'))
    )
    SELECT c.group_model, c.group_prompts, c.module, count(*)::int AS n,
           percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY c.latency_ms) AS percentiles
    FROM calls c
    WHERE ${scope.mix} OR NOT EXISTS (
      SELECT FROM newest w
      WHERE (w.group_model, w.group_prompts) IS NOT DISTINCT FROM (c.group_model, c.group_prompts)
        AND w.persona_id = c.persona_id AND w.version > c.persona_version
    )
    GROUP BY c.group_model, c.group_prompts, c.module`.execute(db)
  return rows
}
