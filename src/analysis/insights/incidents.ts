import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { isBehind, positionOf, scanPages, type ScannedRow } from '../../platform/db/scan.ts'
import type { ActionRow } from '../../platform/db/tables.ts'
import { inScope, type Scope } from './filters.ts'

/** All SQL behind the problems: calls that did not end ok, and visits over which a persona left. */

/**
 * Keep in step with the index persona_actions_not_ok. What was left of a message when the day was
 * over is no problem.
 */
const NOT_OK = sql<
  boolean
>`a.result IN ('error', 'unknown', 'rejected') AND NOT (a.result = 'rejected' AND a.blame IS NULL)`
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
  /** All calls that used up the patience; null: an error, which is one call. */
  numbers: number[] | null
  latency_ms: number | null
  persona_id: string
  app_version: string | null
  model: string | null
  prompt_version: string | null
}

interface ProblemScope extends Scope {
  blame: ActionRow['blame'] | undefined
}

/** Newest first, in pages. */
export async function* scanIncidents (
  db: Queryable,
  scope: ProblemScope
): AsyncGenerator<Incident[]> {
  yield* scanPages(PAGE, last => readErrors(db, scope, last))
  // Walk-aways have no blame, so a filter by blame excludes them.
  if (scope.blame === undefined) yield* scanPages(PAGE, last => readWalkAways(db, scope, last))
}

async function readErrors (
  db: Queryable,
  scope: ProblemScope,
  last: Incident | undefined
): Promise<Incident[]> {
  const blamed = scope.blame === undefined ? sql`true` : sql`a.blame = ${scope.blame}`
  const { rows } = await sql<Incident>`
    SELECT a.id, ${
    positionOf('a.created_at')
  } AS position, 'error' AS type, a.module, a.tool_name AS tool, a.blame,
           a.error_message, a.tick_id AS run_id, a.ordinal + 1 AS number, NULL AS numbers,
           a.latency_ms, a.persona_id, r.app_version, r.model, r.prompt_version
    FROM persona_actions a LEFT JOIN runs r ON r.id = a.tick_id
    WHERE ${NOT_OK} AND ${blamed} AND ${inScope(scope, 'a', { versions: 'r' })}
      AND ${isBehind(last, 'a.created_at', 'a.id', 'descending')}
    ORDER BY a.created_at DESC, a.id DESC LIMIT ${PAGE}`.execute(db)
  return rows
}

/** One per run and module, told by the last of the calls that used up the patience. */
async function readWalkAways (
  db: Queryable,
  scope: Scope,
  last: Incident | undefined
): Promise<Incident[]> {
  const { rows } = await sql<Incident>`
    SELECT a.id, ${
    positionOf('v.created_at')
  } AS position, 'walk_away' AS type, v.module, NULL AS tool, NULL AS blame,
           a.error_message, v.run_id, a.ordinal + 1 AS number, a.numbers, a.latency_ms, v.persona_id,
           v.app_version, v.model, v.prompt_version
    FROM module_visits v JOIN runs r ON r.id = v.run_id
    CROSS JOIN LATERAL (
      SELECT a.*, array_agg(a.ordinal + 1) OVER () AS numbers FROM persona_actions a
      WHERE a.tick_id = v.run_id AND a.module = v.module AND a.ordinal + 1 = ANY(r.walked_away_over)
      ORDER BY a.ordinal DESC LIMIT 1
    ) AS a
    WHERE v.walked_away AND ${inScope(scope, 'v')} AND ${
    isBehind(last, 'v.created_at', 'a.id', 'descending')
  }
    ORDER BY v.created_at DESC, a.id DESC LIMIT ${PAGE}`.execute(db)
  return rows
}

/** A call that feedback may cite as what it was about. */
export interface Place {
  runId: string
  number: number
}

export interface CitationRow extends Place {
  /** The index of the place that is cited. */
  place: number
  rating: number | null
  notes: string | null
  quote: string | null
}

/** What grounded feedback on these modules cites of such calls, told latest first. */
export async function readCitations (
  db: Queryable,
  places: Place[],
  modules: string[]
): Promise<CitationRow[]> {
  const { rows } = await sql<CitationRow>`
    SELECT p.place::int - 1 AS place, p.run_id AS "runId", p.number, f.rating, f.notes, c.citation ->> 'quote' AS quote
    FROM unnest(${places.map(({ runId }) => runId)}::text[], ${
    places.map(({ number }) => number)
  }::int[])
      WITH ORDINALITY AS p (run_id, number, place)
    JOIN persona_feedback f ON f.tick_id = p.run_id
    JOIN LATERAL jsonb_array_elements(f.evidence) AS c (citation) ON (c.citation ->> 'action')::int = p.number
    WHERE f.grounded AND f.module = ANY(${modules}::text[])
    ORDER BY f.created_at DESC, p.run_id, p.number, f.id, quote`.execute(db)
  return rows
}
