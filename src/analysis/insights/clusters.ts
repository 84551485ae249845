import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { Clusters } from '../statistics/clustered-mean.ts'
import { groupColumns, inScope } from './filters.ts'
import { supersededBy, type PresenceScope } from './presence.ts'

/** The ratings of each module by persona, added up as an interval needs them. */

export interface ClustersRow extends Clusters {
  group_model: string | null
  group_prompts: string | null
  module: string
}

/**
 * Of the ratings that count: grounded, with a number, of the newest version of their persona. Days
 * that are folded do not know personas, so the rows are read.
 */
export async function readClusters (db: Queryable, scope: PresenceScope): Promise<ClustersRow[]> {
  const { model, prompts } = groupColumns(scope.mix, 'f')
  const superseded = supersededBy(scope.changed, {
    persona: 'f.persona_id',
    version: 'f.persona_version',
    model,
    prompts
  })
  const { rows } = await sql<ClustersRow>`
    SELECT group_model, group_prompts, module, count(*)::float8 AS personas,
           sum(n) AS count, sum(s) AS total, sum(s * s) AS "totalSquares",
           sum(n * n) AS "countSquares", sum(n * s) AS "countTimesTotal"
    FROM (
      SELECT ${model} AS group_model, ${prompts} AS group_prompts, f.module,
             count(*)::float8 AS n, sum(f.rating)::float8 AS s
      FROM persona_feedback f
      WHERE f.grounded AND f.rating IS NOT NULL AND ${inScope(scope, 'f')} AND NOT ${superseded}
      GROUP BY 1, 2, 3, f.persona_id
    ) AS by_persona GROUP BY 1, 2, 3`.execute(db)
  return rows
}
