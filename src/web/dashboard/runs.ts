import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { RunRow } from '../../platform/db/tables.ts'
import { runConditions, type RunFilter } from './run-filter.ts'
import { explainRun, toneOf } from './run-words.ts'

/** All SQL of lists of runs. */

interface RunListFilter extends RunFilter {
  /** Id of the run that the page before ended with. */
  cursor?: string | undefined
  limit?: number
}

interface RunLine {
  id: string
  persona: { id: string, name: string, locale: string, timeZone: string }
  state: RunRow['state']
  /** The state, or that it waits: a run that was deferred acts no more than one in the queue. */
  label: string
  tone: ReturnType<typeof toneOf>
  why: string
  queuedAt: string
  /** From when a worker took it, until now where it is open; null: still waiting. */
  durationMs: number | null
  actions: number
  errors: number
  /** Counted numbers of the run, by module. */
  ratings: { module: string, rating: number }[]
  daySummary: string | null
}

type LineRow = RunRow & {
  name: string
  locale: string
  time_zone: string
  duration_ms: number | null
  actions: number
  errors: number
  ratings: RunLine['ratings'] | null
}

interface RunLines {
  runs: RunLine[]
  nextCursor: string | undefined
}

/** A page, newest first. `nextCursor` is undefined on the last one. */
export async function listRunLines (
  db: Queryable,
  { limit = 50, ...filter }: RunListFilter
): Promise<RunLines> {
  const conditions = runConditions(filter)
  if (filter.cursor !== undefined) {
    conditions.push(
      sql`(r.queued_at, r.id) < (SELECT c.queued_at, c.id FROM runs c WHERE c.id = ${filter.cursor})`
    )
  }
  const { rows } = await sql<LineRow>`
    SELECT r.*, p.name, p.locale, p.time_zone,
      (extract(epoch FROM coalesce(r.finished_at, now()) - r.started_at) * 1000)::float8 AS duration_ms,
      a.actions, a.errors, f.ratings
    FROM (SELECT * FROM runs r WHERE ${
    sql.join(conditions, sql` AND `)
  } ORDER BY r.queued_at DESC, r.id DESC LIMIT ${limit + 1}) r
    JOIN personas p ON p.id = r.persona_id
    CROSS JOIN LATERAL (SELECT count(*)::int AS actions, count(*) FILTER (WHERE a.result IN ('error', 'unknown'))::int AS errors
      FROM persona_actions a WHERE a.tick_id = r.id) a
    CROSS JOIN LATERAL (SELECT json_agg(json_build_object('module', f.module, 'rating', f.rating) ORDER BY f.module) AS ratings
      FROM persona_feedback f WHERE f.tick_id = r.id AND f.grounded AND f.rating IS NOT NULL) f
    ORDER BY r.queued_at DESC, r.id DESC`.execute(db)
  return {
    runs: rows.slice(0, limit).map(toLine),
    nextCursor: rows.length > limit ? rows[limit - 1]?.id : undefined
  }
}

function toLine (row: LineRow): RunLine {
  const isWaiting = row.finished_at === null &&
    (row.deferred_until !== null || row.state === 'queued')
  return {
    id: row.id,
    persona: { id: row.persona_id, name: row.name, locale: row.locale, timeZone: row.time_zone },
    state: row.state,
    label: isWaiting ? 'waiting' : row.state,
    tone: isWaiting ? 'muted' : toneOf(row.state),
    why: explainRun(row),
    queuedAt: row.queued_at.toISOString(),
    durationMs: row.duration_ms,
    actions: row.actions,
    errors: row.errors,
    ratings: row.ratings ?? [],
    daySummary: row.day_summary
  }
}
