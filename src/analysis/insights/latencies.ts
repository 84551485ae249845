import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { ROUNDED_LATENCY, TIMED } from './cells.ts'
import { groupColumns } from './filters.ts'
import { isSumOf, isFolded, isUnderFold, isUnfolded, isWholeMonth } from './folded-scope.ts'
import { ofPersonas, supersededBy, type PresenceScope } from './presence.ts'

export interface LatencyRow {
  group_model: string | null
  group_prompts: string | null
  module: string
  n: number
  /** Milliseconds, rounded by 5 % at most: the median and the 95th percentile. */
  percentiles: [p50: number, p95: number]
}

/**
 * Of calls that were answered, per group and module. What an earlier version of a persona did stays
 * out here too: it is not read where a day is not folded, and taken off again where it is.
 */
export async function readLatencies (db: Queryable, scope: PresenceScope): Promise<LatencyRow[]> {
  const { model, prompts } = groupColumns(scope.mix, 's')
  const superseded = supersededBy(scope.changed, {
    persona: 'r.persona_id',
    version: 'r.persona_version',
    ...groupColumns(scope.mix, 'r')
  })
  const { rows } = await sql<LatencyRow>`
    WITH months AS (SELECT m.month FROM folded_months m WHERE ${isWholeMonth(scope)}),
    timed AS (
      SELECT s.module, s.model, s.prompt_version, unnest(s.latencies_ms) AS latency_ms, unnest(s.calls) AS calls FROM latency_months s
      WHERE s.month IN (SELECT month FROM months) AND ${isSumOf(scope.filter, 's')}
      UNION ALL
      SELECT s.module, s.model, s.prompt_version, unnest(s.latencies_ms), unnest(s.calls) FROM latency_days s
      WHERE EXISTS (SELECT FROM folded_days d WHERE d.day = s.day AND ${isFolded(scope)})
        AND date_trunc('month', s.day::timestamp)::date NOT IN (SELECT month FROM months) AND ${
    isSumOf(scope.filter, 's')
  }
      UNION ALL
      SELECT a.module, r.model, r.prompt_version, ${ROUNDED_LATENCY}, 1
      FROM persona_actions a LEFT JOIN runs r ON r.id = a.tick_id
      WHERE ${isUnfolded(scope, 'a', { versions: 'r' })} AND ${TIMED} AND NOT ${superseded}
      UNION ALL
      SELECT a.module, r.model, r.prompt_version, ${ROUNDED_LATENCY}, -1
      FROM runs r JOIN persona_actions a ON a.tick_id = r.id
      WHERE ${ofPersonas(scope.changed, 'r')} AND ${superseded} AND ${
    isUnderFold(scope, 'a', { versions: 'r' })
  } AND ${TIMED}
    ),
    counted AS (
      SELECT ${model} AS group_model, ${prompts} AS group_prompts, s.module, s.latency_ms, sum(s.calls) AS n FROM timed s GROUP BY 1, 2, 3, 4
    ),
    ranked AS (
      SELECT *, sum(n) OVER (PARTITION BY group_model, group_prompts, module ORDER BY latency_ms) AS upto,
             sum(n) OVER (PARTITION BY group_model, group_prompts, module) AS total
      FROM counted
    )
    SELECT group_model, group_prompts, module, total::int AS n,
           ARRAY[min(latency_ms) FILTER (WHERE upto >= 0.5 * total), min(latency_ms) FILTER (WHERE upto >= 0.95 * total)] AS percentiles
    FROM ranked WHERE total > 0 GROUP BY group_model, group_prompts, module, total`.execute(db)
  return rows
}
