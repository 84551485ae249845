import { sql, type RawBuilder } from 'kysely'
import { FIRST_APP } from '../../personas/app-name.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { CastRun } from '../feedback/cast-quality.ts'
import { groupColumns, inScope, type Scope } from './filters.ts'

/** All SQL behind the quality of the cast: what each run used and rated, and what nobody used. */

interface CastScope extends Scope {
  /** All models, prompt versions and persona versions in one group. */
  mix: boolean
}

/** So many of a persona's runs show its habits; more would only make the answer slow. */
const MAX_RUNS_PER_PERSONA = 50

/** What was left of a message when the day was over was not used. */
const MADE = sql<boolean>`NOT (a.result = 'rejected' AND a.blame IS NULL)`

/** `counts`: of the newest version of its persona within the group, and among its latest runs. */
function withRuns (scope: CastScope): RawBuilder<unknown> {
  const { model, prompts } = groupColumns(scope.mix, 'v')
  return sql`
    WITH told AS (
      SELECT ${model} AS group_model, ${prompts} AS group_prompts, v.run_id, v.persona_id, v.persona_version AS version,
             v.model, v.prompt_version, v.app_version, max(v.created_at) AS at
      FROM module_visits v WHERE ${inScope(scope, 'v')}
      GROUP BY v.run_id, v.persona_id, v.persona_version, v.model, v.prompt_version, v.app_version
    ),
    versions AS (SELECT *, max(version) OVER (PARTITION BY group_model, group_prompts, persona_id) AS newest FROM told),
    ranked AS (
      SELECT *, ${scope.mix} OR version = newest AS is_newest,
             row_number() OVER (
               PARTITION BY group_model, group_prompts, persona_id ORDER BY version DESC, at DESC, run_id
             ) AS rank
      FROM versions
    ),
    cast_runs AS (SELECT *, is_newest AND rank <= ${MAX_RUNS_PER_PERSONA} AS counts FROM ranked)`
}

interface CastGroupRow {
  group_model: string | null
  group_prompts: string | null
  models: (string | null)[]
  prompt_versions: (string | null)[]
  app_versions: (string | null)[]
  latest_at: Date
  left_out: number
  /**
   * Personas that were changed within the range, whatever model they ran on; the same in each row.
   */
  changed_personas: number
}

export async function readCastGroups (db: Queryable, scope: CastScope): Promise<CastGroupRow[]> {
  const { rows } = await sql<CastGroupRow>`${withRuns(scope)}
    SELECT group_model, group_prompts, array_agg(DISTINCT model) AS models,
           array_agg(DISTINCT prompt_version) AS prompt_versions, array_agg(DISTINCT app_version) AS app_versions,
           max(at) AS latest_at, count(*) FILTER (WHERE NOT counts)::int AS left_out, (
             SELECT count(*)::int
             FROM (SELECT persona_id FROM cast_runs GROUP BY persona_id HAVING count(DISTINCT version) > 1) AS changed
           ) AS changed_personas
    FROM cast_runs GROUP BY group_model, group_prompts ORDER BY max(at) DESC, group_model, group_prompts`
    .execute(db)
  return rows
}

interface CastRunRow extends CastRun {
  group_model: string | null
  group_prompts: string | null
}

export async function readCastRuns (db: Queryable, scope: CastScope): Promise<CastRunRow[]> {
  const { module } = scope.filter
  const ofModule = (row: string) =>
    module === undefined ? sql`true` : sql`${sql.ref(`${row}.module`)} = ${module}`
  const { rows } = await sql<CastRunRow>`${withRuns(scope)}
    SELECT c.group_model, c.group_prompts, c.persona_id AS "personaId", p.name AS "personaName",
           coalesce((
             SELECT jsonb_object_agg(t.tool_name, t.calls) FROM (
               SELECT a.tool_name, count(*) AS calls FROM persona_actions a
               WHERE a.tick_id = c.run_id AND ${MADE} AND ${ofModule('a')} GROUP BY a.tool_name
             ) AS t
           ), '{}') AS "toolShares",
           coalesce((
             SELECT jsonb_object_agg(f.module, f.rating) FROM persona_feedback f
             WHERE f.tick_id = c.run_id AND f.grounded AND f.rating IS NOT NULL AND ${ofModule('f')}
           ), '{}') AS ratings
    FROM cast_runs c JOIN personas p ON p.id = c.persona_id WHERE c.counts`.execute(db)
  return rows
}

export interface KnownToolRow {
  tool: string
  module: string
  used: boolean
}

/**
 * Tools that the app showed within the range, and that personas got to see. `last_seen_at` is
 * written once a day.
 */
export async function readKnownTools (db: Queryable, scope: Scope): Promise<KnownToolRow[]> {
  const { from, to } = scope.range
  const { module } = scope.filter
  const { rows } = await sql<KnownToolRow>`
    SELECT k.tool_name AS tool, k.module, k.tool_name IN (
      SELECT a.tool_name FROM persona_actions a LEFT JOIN runs r ON r.id = a.tick_id
      WHERE ${MADE} AND ${inScope(scope, 'a', { versions: 'r' })}
    ) AS used
    FROM known_tools k
    WHERE k.app = ${
    scope.filter.app ?? FIRST_APP
  } AND k.first_seen_at < ${to}::timestamptz AND k.last_seen_at >= ${from}::timestamptz - interval '1 day'
      AND ${module === undefined ? sql`true` : sql`k.module = ${module}`}
      AND NOT EXISTS (SELECT FROM tools_set_aside s WHERE s.app = k.app AND s.tool_name = k.tool_name AND s.reason <> 'same_name')
    ORDER BY k.module, k.tool_name`.execute(db)
  return rows
}
