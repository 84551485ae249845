import { sql } from 'kysely'
import type { Queryable } from '../db/database.ts'
import { groupColumns, inScope, type Scope } from './filters.ts'

/** All SQL behind the numbers of modules. */

export interface ModuleScope extends Scope {
  by: 'day' | 'week'
  /** All models, prompt versions and persona versions in one group. */
  mix: boolean
}

const SUMS = [
  'n', 'rating_sum', 'rating_squares', 'ungrounded', 'cannot_say', 'unchecked', 'visits', 'friction_calls', 'calls', 'app_errors',
  'persona_errors', 'model_errors', 'account_errors', 'harness_errors', 'walk_aways', 'gaps'
] as const

/** `friction_calls` is friction times calls. */
export interface FactsRow extends Record<typeof SUMS[number], number> {
  group_model: string | null
  group_prompts: string | null
  /** Null: the group as a whole. */
  module: string | null
  /** Null: over the whole range. */
  bucket: Date | null
  models: (string | null)[]
  prompt_versions: (string | null)[]
  app_versions: (string | null)[]
  latest_at: Date
  left_out_ratings: number
  left_out_visits: number
  /** Personas of the ratings that count. */
  personas: number
  /** Personas with more than one version in the range; the same in every row. */
  changed_personas: number
}

const sum = (column: string) => sql`coalesce(sum(${sql.ref(column)}) FILTER (WHERE counts), 0)::float8 AS ${sql.id(column)}`
const CELL = sql`model, prompt_version, app_version, persona_id, version, module, bucket`

/**
 * Per group, per module of a group and per step of a module's trend, in this order.
 *
 * A table is read once: `cells` adds up what one persona left behind in one step, and everything else is computed from
 * these few rows. A rating counts when its evidence was checked and holds; of a persona only the newest version within
 * the group counts.
 */
export async function readFacts (db: Queryable, scope: ModuleScope): Promise<FactsRow[]> {
  const step = (at: string) => sql`date_trunc(${scope.by}, ${sql.ref(at)} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`
  const { model, prompts } = groupColumns(scope.mix, 'c')
  const { rows } = await sql<FactsRow>`
    WITH cells AS (
      SELECT v.model, v.prompt_version, v.app_version, v.persona_id, v.persona_version AS version, v.module,
             ${step('v.created_at')} AS bucket, max(v.created_at) AS latest_at,
             0 AS told, 0 AS n, 0 AS rating_sum, 0 AS rating_squares, 0 AS ungrounded, 0 AS cannot_say, 0 AS unchecked,
             count(*) AS visits, sum(v.friction::float8 * v.calls) AS friction_calls, sum(v.calls) AS calls,
             sum(v.app_errors) AS app_errors, sum(v.persona_errors) AS persona_errors, sum(v.model_errors) AS model_errors,
             sum(v.account_errors) AS account_errors, sum(v.harness_errors) AS harness_errors,
             count(*) FILTER (WHERE v.walked_away) AS walk_aways, count(*) FILTER (WHERE v.say_do_gap) AS gaps
      FROM module_visits v WHERE ${inScope(scope, 'v')} GROUP BY ${CELL}
      UNION ALL
      SELECT f.model, f.prompt_version, f.app_version, f.persona_id, coalesce(f.persona_version, 0) AS version, f.module,
             ${step('f.created_at')} AS bucket, max(f.created_at),
             count(*), count(f.rating) FILTER (WHERE f.grounded), coalesce(sum(f.rating) FILTER (WHERE f.grounded), 0),
             coalesce(sum(f.rating * f.rating) FILTER (WHERE f.grounded), 0), count(*) FILTER (WHERE NOT f.grounded),
             count(*) FILTER (WHERE f.grounded AND f.rating IS NULL), count(*) FILTER (WHERE f.grounded IS NULL),
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0
      FROM persona_feedback f WHERE ${inScope(scope, 'f')} AND f.module <> '__parse' GROUP BY ${CELL}
    ),
    grouped AS (
      SELECT c.*, ${model} AS group_model, ${prompts} AS group_prompts,
             ${scope.mix} OR version = max(version) OVER (PARTITION BY ${model}, ${prompts}, persona_id) AS counts
      FROM cells c
    )
    SELECT group_model, group_prompts, module, bucket, array_agg(DISTINCT model) AS models,
           array_agg(DISTINCT prompt_version) AS prompt_versions, array_agg(DISTINCT app_version) AS app_versions,
           max(latest_at) AS latest_at,
           coalesce(sum(told) FILTER (WHERE NOT counts), 0)::float8 AS left_out_ratings,
           coalesce(sum(visits) FILTER (WHERE NOT counts), 0)::float8 AS left_out_visits,
           count(DISTINCT persona_id) FILTER (WHERE counts AND n > 0)::int AS personas,
           (SELECT count(*) FROM (
             SELECT FROM cells WHERE version > 0 GROUP BY persona_id HAVING count(DISTINCT version) > 1
           ) AS changed)::int AS changed_personas,
           ${sql.join(SUMS.map(sum))}
    FROM grouped
    GROUP BY group_model, group_prompts, GROUPING SETS ((), (module), (module, bucket))
    HAVING grouping(module) = 1 OR bool_or(counts)
    ORDER BY grouping(module) DESC, grouping(bucket) DESC, bucket`.execute(db)
  return rows
}

/** Runs whose answer could not be read. They are of no module, so a filter by module does not touch them. */
export async function countUnreadable (db: Queryable, scope: Scope): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM persona_feedback f
    WHERE f.module = '__parse' AND ${inScope(scope, 'f', { anyModule: true })}`.execute(db)
  return rows[0]?.n ?? 0
}
