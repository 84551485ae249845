import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { cellsOf, SUMS } from './cells.ts'
import { groupColumns, inScope, type Scope } from './filters.ts'
import { isSumOf, isFolded, isUnderFold, isUnfolded } from './folded-scope.ts'
import { mayBeEarlier, presentIn, supersededBy, type PresenceScope } from './presence.ts'

/** All SQL behind the numbers of modules. */

/** `friction_calls` is friction times calls. */
export interface FactsRow extends Record<typeof SUMS[number], number> {
  group_model: string | null
  group_prompts: string | null
  /** Null: the group as a whole. */
  module: string | null
  /** Null: over the whole range. */
  bucket: Date | null
  /** Of the group as a whole; null: this is a part of it. */
  models: (string | null)[] | null
  prompt_versions: (string | null)[] | null
  app_versions: (string | null)[] | null
  latest_at: Date
  left_out_ratings: number
  left_out_visits: number
  /** Personas of the module's ratings that count, over the whole range. */
  personas: number
}

const sum = (column: string) =>
  sql`coalesce(sum(${sql.ref(column)}) FILTER (WHERE counts), 0)::float8 AS ${sql.id(column)}`
const sums = (weight: string) =>
  sql.join(['told', ...SUMS].map(column => sql`${sql.raw(weight)} * ${sql.ref(`s.${column}`)}`))
const COLUMNS = sql.join(['told', ...SUMS].map(column => sql.id(column)))

/**
 * Per group, per module of a group and per step of a module's trend, in this order.
 *
 * A table is read once: `unfolded` adds up what one persona left behind in one step, a folded day
 * has that for all personas together, and everything else is computed from these few rows. A rating
 * counts when its evidence was checked and holds; of a persona only the newest version within the
 * group counts. What earlier versions left behind in folded days is read again, taken from what
 * counts and added to what does not.
 */
export async function readFacts (
  db: Queryable,
  scope: PresenceScope & { by: 'day' | 'week' }
): Promise<FactsRow[]> {
  const stepOf = (at: ReturnType<typeof sql>) =>
    sql`date_trunc(${scope.by}, ${at}) AT TIME ZONE 'UTC'`
  const step = (at: string) => stepOf(sql`${sql.ref(at)} AT TIME ZONE 'UTC'`)
  const superseded = supersededBy(scope.changed, {
    persona: 's.persona_id',
    version: 's.version',
    ...groupColumns(scope.mix, 's')
  })
  const { model, prompts } = groupColumns(scope.mix, 'c')
  const { rows } = await sql<FactsRow>`
    WITH unfolded AS (${cellsOf(step, alias => isUnfolded(scope, alias))}),
    earlier AS (
      ${
    cellsOf(step, alias =>
      sql`${isUnderFold(scope, alias)} AND ${mayBeEarlier(scope.changed, alias)}`)
  }
    ),
    cells (model, prompt_version, app_version, module, bucket, latest_at, counts, ${COLUMNS}) AS (
      SELECT s.model, s.prompt_version, s.app_version, s.module, ${
    stepOf(sql`s.day::timestamp`)
  }, s.latest_at, true, ${sums('1')}
      FROM module_days s WHERE EXISTS (SELECT FROM folded_days d WHERE d.day = s.day AND ${
    isFolded(scope)
  }) AND ${isSumOf(scope.filter, 's')}
      UNION ALL
      SELECT s.model, s.prompt_version, s.app_version, s.module, s.bucket, s.latest_at, NOT ${superseded}, ${
    sums('1')
  }
      FROM unfolded s
      UNION ALL
      SELECT s.model, s.prompt_version, s.app_version, s.module, s.bucket, s.latest_at, w.counts, ${
    sums('w.weight')
  }
      FROM earlier s, (VALUES (-1, true), (1, false)) AS w (weight, counts) WHERE ${superseded}
    ),
    told AS (
      SELECT group_model, group_prompts, module, count(*)::int AS personas
      FROM (
        SELECT s.persona_id, s.module, ${groupColumns(scope.mix, 's').model} AS group_model, ${
    groupColumns(scope.mix, 's').prompts
  } AS group_prompts
        FROM (${presentIn(scope)}) AS s WHERE s.counted AND NOT ${superseded} GROUP BY 1, 2, 3, 4
      ) AS each_once GROUP BY group_model, group_prompts, module
    ),
    facts AS (
      SELECT ${model} AS group_model, ${prompts} AS group_prompts, c.module, c.bucket, max(c.latest_at) AS latest_at,
             coalesce(sum(told) FILTER (WHERE NOT counts), 0)::float8 AS left_out_ratings,
             coalesce(sum(visits) FILTER (WHERE NOT counts), 0)::float8 AS left_out_visits,
             ${
    sql.join(SUMS.map(sum))
  }, grouping(c.module) AS of_group, grouping(c.bucket) AS of_range
      FROM cells c
      GROUP BY 1, 2, GROUPING SETS ((), (c.module), (c.module, c.bucket))
      HAVING grouping(c.module) = 1 OR sum(told + visits) FILTER (WHERE counts) > 0
    ),
    versions AS (
      SELECT ${model} AS group_model, ${prompts} AS group_prompts, array_agg(DISTINCT c.model) AS models,
             array_agg(DISTINCT c.prompt_version) AS prompt_versions, array_agg(DISTINCT c.app_version) AS app_versions
      FROM cells c GROUP BY 1, 2
    )
    SELECT facts.*, versions.models, versions.prompt_versions, versions.app_versions, coalesce(told.personas, 0) AS personas
    FROM facts LEFT JOIN versions ON of_group = 1
      AND (versions.group_model, versions.group_prompts) IS NOT DISTINCT FROM (facts.group_model, facts.group_prompts)
    LEFT JOIN told ON told.module = facts.module
      AND (told.group_model, told.group_prompts) IS NOT DISTINCT FROM (facts.group_model, facts.group_prompts)
    ORDER BY of_group DESC, of_range DESC, bucket`.execute(db)
  return rows
}

/**
 * Runs whose answer could not be read. They are of no module, so a filter by module does not touch
 * them.
 */
export async function countUnreadable (db: Queryable, scope: Scope): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM persona_feedback f
    WHERE f.module = '__parse' AND ${inScope(scope, 'f', { anyModule: true })}`.execute(db)
  return rows[0]?.n ?? 0
}
