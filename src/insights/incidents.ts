import { sql } from 'kysely'
import type { Queryable } from '../db/database.ts'
import { isBehind, positionOf, scanPages, type ScannedRow } from '../db/scan.ts'
import type { ActionRow } from '../db/tables.ts'
import { inScope, type Scope } from './filters.ts'

/** All SQL behind the problems: calls that did not end ok, and visits over which a persona left. */

/** Keep in step with the index persona_actions_not_ok. What was left of a message when the day was over is no problem. */
const NOT_OK = sql<boolean>`a.result IN ('error', 'unknown', 'rejected') AND NOT (a.result = 'rejected' AND a.blame IS NULL)`
const PAGE = 2000

export interface Incident extends ScannedRow {
  type: 'error' | 'walk_away'
  module: string
  tool: string | null
  blame: ActionRow['blame']
  error_message: string | null
  run_id: string
  /** Counted from 1 within the run. */
  number: number
  latency_ms: number | null
  persona_id: string
  at: Date
  app_version: string | null
  model: string | null
  prompt_version: string | null
}

export interface ProblemScope extends Scope {
  blame: ActionRow['blame'] | undefined
}

/** Newest first, in pages. */
export async function * scanIncidents (db: Queryable, scope: ProblemScope): AsyncGenerator<Incident[]> {
  yield * scanPages(PAGE, last => readErrors(db, scope, last))
  // Patience is nobody's fault.
  if (scope.blame === undefined) yield * scanPages(PAGE, last => readWalkAways(db, scope, last))
}

async function readErrors (db: Queryable, scope: ProblemScope, last: Incident | undefined): Promise<Incident[]> {
  const blamed = scope.blame === undefined ? sql`true` : sql`a.blame = ${scope.blame}`
  const { rows } = await sql<Incident>`
    SELECT a.id, ${positionOf('a.created_at')} AS position, 'error' AS type, a.module, a.tool_name AS tool, a.blame,
           a.error_message, a.tick_id AS run_id, a.ordinal + 1 AS number, a.latency_ms, a.persona_id, a.created_at AS at,
           r.app_version, r.model, r.prompt_version
    FROM persona_actions a LEFT JOIN runs r ON r.id = a.tick_id
    WHERE ${NOT_OK} AND ${blamed} AND ${inScope(scope, 'a', { versions: 'r' })}
      AND ${isBehind(last, 'a.created_at', 'a.id', 'descending')}
    ORDER BY a.created_at DESC, a.id DESC LIMIT ${PAGE}`.execute(db)
  return rows
}

/** One per run and module, told by the last of the calls that used up the patience. */
async function readWalkAways (db: Queryable, scope: Scope, last: Incident | undefined): Promise<Incident[]> {
  const { rows } = await sql<Incident>`
    SELECT a.id, ${positionOf('v.created_at')} AS position, 'walk_away' AS type, v.module, NULL AS tool, NULL AS blame,
           a.error_message, v.run_id, a.ordinal + 1 AS number, a.latency_ms, v.persona_id, v.created_at AS at,
           v.app_version, v.model, v.prompt_version
    FROM module_visits v JOIN runs r ON r.id = v.run_id
    CROSS JOIN LATERAL (
      SELECT a.* FROM persona_actions a
      WHERE a.tick_id = v.run_id AND a.module = v.module AND a.ordinal + 1 = ANY(r.walked_away_over)
      ORDER BY a.ordinal DESC LIMIT 1
    ) AS a
    WHERE v.walked_away AND ${inScope(scope, 'v')} AND ${isBehind(last, 'v.created_at', 'a.id', 'descending')}
    ORDER BY v.created_at DESC, a.id DESC LIMIT ${PAGE}`.execute(db)
  return rows
}

export interface CitationRow {
  tool: string
  module: string
  blame: ActionRow['blame']
  error_message: string | null
  /** The cited call did not end ok. */
  is_error: boolean
  /** The cited call was one of those that used up the patience. */
  over_walk_away: boolean
  run_id: string
  number: number
  rating: number | null
  notes: string | null
  quote: string | null
}

/** Of one message many may speak; a few are enough to look at. */
const PER_MESSAGE = 3
const MAX_CITATIONS = 5000

/** What citations are wanted of. */
export type Cited = Pick<Incident, 'type' | 'module' | 'tool'>

/**
 * What grounded feedback on these modules cites of such incidents, newest first: a few for each message. It goes from the
 * incidents, which are few, to the feedback, and not the other way round.
 */
export async function readCitations (db: Queryable, scope: ProblemScope, cited: Cited[]): Promise<CitationRow[]> {
  const modules = [...new Set(cited.map(({ module }) => module))]
  const errors = cited.filter(({ type }) => type === 'error')
  const isWanted = sql<boolean>`(a.module, a.tool_name) IN (
    SELECT * FROM unnest(${errors.map(({ module }) => module)}::text[], ${errors.map(({ tool }) => tool)}::text[]))`
  const leftOver = cited.filter(({ type }) => type === 'walk_away').map(({ module }) => module)
  const columns = sql`a.tick_id, a.ordinal, a.tool_name, a.module, a.blame, a.error_message, ${NOT_OK} AS is_error`
  const { rows } = await sql<CitationRow>`
    WITH incidents AS (
      SELECT ${columns}, coalesce(a.ordinal + 1 = ANY(r.walked_away_over), false) AS over_walk_away
      FROM persona_actions a LEFT JOIN runs r ON r.id = a.tick_id
      WHERE ${NOT_OK} AND ${inScope(scope, 'a', { versions: 'r' })} AND (${isWanted} OR a.module = ANY(${leftOver}::text[]))
      UNION ALL
      SELECT ${columns}, true
      FROM module_visits v JOIN runs r ON r.id = v.run_id
      JOIN persona_actions a ON a.tick_id = v.run_id AND a.module = v.module AND a.ordinal + 1 = ANY(r.walked_away_over)
      WHERE v.walked_away AND v.created_at >= ${scope.range.from}::timestamptz AND v.module = ANY(${leftOver}::text[]) AND NOT (${NOT_OK})
        AND ${inScope(scope, 'a', { versions: 'r' })}
    ),
    cited AS (
      SELECT i.tool_name AS tool, i.module, i.blame, i.error_message, i.is_error, i.over_walk_away,
             f.tick_id AS run_id, i.ordinal + 1 AS number, f.rating, f.notes, c.citation ->> 'quote' AS quote, f.created_at AS at,
             f.id AS told_in
      FROM incidents i JOIN persona_feedback f ON f.tick_id = i.tick_id
      JOIN LATERAL jsonb_array_elements(f.evidence) AS c (citation) ON (c.citation ->> 'action')::int = i.ordinal + 1
      WHERE f.grounded AND f.module = ANY(${modules}::text[])
    ),
    ranked AS (
      SELECT *, row_number() OVER (
        PARTITION BY module, tool, blame, error_message, is_error, over_walk_away ORDER BY at DESC, run_id, number, told_in, quote
      ) AS rank
      FROM cited
    )
    SELECT * FROM ranked WHERE rank <= ${PER_MESSAGE} ORDER BY at DESC, run_id, number, told_in, quote LIMIT ${MAX_CITATIONS}`.execute(db)
  return rows
}
