import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { inScope, readScope, type Range } from './filters.ts'
import type { GapsQuery } from './queries.ts'
import type { SayDoGap } from './problem-schemas.ts'

const DEFAULT_LIMIT = 50

interface GapsAnswer {
  range: Range
  /** Gaps there are, shown or not. */
  total: number
  gaps: SayDoGap[]
}

interface GapRow extends Omit<SayDoGap, 'at'> {
  at: Date
  total: number
}

/**
 * Visits whose rating and friction contradict each other, newest first. Each names its model and
 * versions.
 * @throws BadRequestError when the range is none
 */
export async function findGaps (
  db: Queryable,
  { limit = DEFAULT_LIMIT, ...filter }: GapsQuery
): Promise<GapsAnswer> {
  const scope = await readScope(db, filter)
  const isAsked = sql`v.say_do_gap AND ${inScope(scope, 'v')}`
  // All are counted, but only those that are shown are looked up with what was said.
  const { rows } = await sql<GapRow>`
    SELECT v.run_id AS "runId", v.persona_id AS "personaId", p.name AS "personaName", p.archetype,
           v.persona_version AS "personaVersion", v.module, f.rating, v.friction, v.calls, v.app_errors AS "appErrors", f.notes,
           v.model, v.prompt_version AS "promptVersion", v.app_version AS "appVersion", v.created_at AS at,
           (SELECT count(*)::int FROM module_visits v WHERE ${isAsked}) AS total
    FROM (SELECT * FROM module_visits v WHERE ${isAsked} ORDER BY v.created_at DESC, v.run_id, v.module LIMIT ${limit}) AS v
    JOIN personas p ON p.id = v.persona_id
    LEFT JOIN persona_feedback f ON f.tick_id = v.run_id AND f.module = coalesce(v.rated_as, v.module) AND f.grounded
    ORDER BY v.created_at DESC, v.run_id, v.module LIMIT ${limit}`.execute(db)
  return {
    range: scope.range,
    total: rows[0]?.total ?? 0,
    gaps: rows.map(({ total, at, ...gap }) => ({ ...gap, at: at.toISOString() }))
  }
}
