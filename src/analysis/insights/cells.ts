import { sql, type RawBuilder } from 'kysely'

/** How rows are added up, the same for a day that is folded and for one that is not. */

export const SUMS = [
  'n',
  'rating_sum',
  'rating_squares',
  'ungrounded',
  'cannot_say',
  'unchecked',
  'visits',
  'friction_calls',
  'calls',
  'app_errors',
  'persona_errors',
  'model_errors',
  'account_errors',
  'harness_errors',
  'walk_aways',
  'gaps'
] as const

const CELL = sql`model, prompt_version, app_version, persona_id, version, module, bucket`

/**
 * One row for what one persona did, and one for what it told, in one module within one step of
 * time. `told` counts ratings of any kind, and `friction_calls` is friction times calls: as an
 * exact decimal, so that no order of adding changes it.
 * @param bucket the step that an instant belongs to
 * @param among which rows, under the alias of their table: `v` visits, `f` feedback
 */
export function cellsOf (
  bucket: (at: string) => RawBuilder<unknown>,
  among: (alias: 'v' | 'f') => RawBuilder<boolean>
): RawBuilder<unknown> {
  return sql`
    SELECT v.model, v.prompt_version, v.app_version, v.persona_id, v.persona_version AS version, v.module,
           ${bucket('v.created_at')} AS bucket, max(v.created_at) AS latest_at,
           0 AS told, 0 AS n, 0 AS rating_sum, 0 AS rating_squares, 0 AS ungrounded, 0 AS cannot_say, 0 AS unchecked,
           count(*) AS visits, sum(v.friction::numeric * v.calls) AS friction_calls, sum(v.calls) AS calls,
           sum(v.app_errors) AS app_errors, sum(v.persona_errors) AS persona_errors, sum(v.model_errors) AS model_errors,
           sum(v.account_errors) AS account_errors, sum(v.harness_errors) AS harness_errors,
           count(*) FILTER (WHERE v.walked_away) AS walk_aways, count(*) FILTER (WHERE v.say_do_gap) AS gaps
    FROM module_visits v WHERE ${among('v')} GROUP BY ${CELL}
    UNION ALL
    SELECT f.model, f.prompt_version, f.app_version, f.persona_id, coalesce(f.persona_version, 0) AS version, f.module,
           ${bucket('f.created_at')} AS bucket, max(f.created_at),
           count(*), count(f.rating) FILTER (WHERE f.grounded), coalesce(sum(f.rating) FILTER (WHERE f.grounded), 0),
           coalesce(sum(f.rating * f.rating) FILTER (WHERE f.grounded), 0), count(*) FILTER (WHERE NOT f.grounded),
           count(*) FILTER (WHERE f.grounded AND f.rating IS NULL), count(*) FILTER (WHERE f.grounded IS NULL),
           0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM persona_feedback f WHERE ${among('f')} AND f.module <> '__parse' GROUP BY ${CELL}`
}

/**
 * Calls whose duration says something about the module: those that were answered. What the model,
 * the account or this runner spoilt says nothing.
 */
export const TIMED = sql<
  boolean
>`a.latency_ms IS NOT NULL AND (a.blame IS NULL OR a.blame NOT IN ('model', 'account', 'harness'))`

/** Steps of 1, 2 and 5 and their tenfold: never more than 5 % from the duration itself. */
const STEP_MS = sql`CASE
  WHEN a.latency_ms < 20 THEN 1 WHEN a.latency_ms < 50 THEN 2 WHEN a.latency_ms < 100 THEN 5
  WHEN a.latency_ms < 200 THEN 10 WHEN a.latency_ms < 500 THEN 20 WHEN a.latency_ms < 1000 THEN 50
  WHEN a.latency_ms < 2000 THEN 100 WHEN a.latency_ms < 5000 THEN 200 WHEN a.latency_ms < 10000 THEN 500
  WHEN a.latency_ms < 20000 THEN 1000 WHEN a.latency_ms < 50000 THEN 2000 WHEN a.latency_ms < 100000 THEN 5000 ELSE 10000 END`

/** A year of calls has no more than a hundred different durations then. */
export const ROUNDED_LATENCY = sql<
  number
>`((a.latency_ms + (${STEP_MS}) / 2) / (${STEP_MS}) * (${STEP_MS}))`
