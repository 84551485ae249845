import { sql } from 'kysely'
import { FIRST_APP } from '../../personas/app-name.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { FeedbackRow } from '../../platform/db/tables.ts'
import { inScope, type Scope } from '../../analysis/insights/filters.ts'
import { toRating, type Rating } from './run.ts'

/** All SQL of a module's page, besides what the insights answer. */

export interface DayOfRatings {
  day: string
  rating: number
  n: number
}

/** How often each number was given on each day (UTC), among those that count. */
export async function readRatingDays (db: Queryable, scope: Scope): Promise<DayOfRatings[]> {
  const { rows } = await sql<DayOfRatings>`
    SELECT to_char(f.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, f.rating, count(*)::int AS n FROM persona_feedback f
    WHERE ${
    inScope(scope, 'f')
  } AND f.grounded AND f.rating IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2`.execute(db)
  return rows
}

export interface Release {
  version: string
  at: string
  notes: string | null
}

const MAX_RELEASES = 500

/** Those of the app in the range, oldest first. */
export async function readReleases (
  db: Queryable,
  { range: { from, to }, filter }: Scope
): Promise<Release[]> {
  const rows = await db.selectFrom('releases').select(['version', 'at', 'notes'])
    .where('app', '=', filter.app ?? FIRST_APP).where('at', '>=', new Date(from)).where(
      'at',
      '<',
      new Date(to)
    )
    .orderBy('at', 'desc').orderBy('created_at', 'desc').orderBy('version', 'desc').limit(
      MAX_RELEASES
    ).execute()
  return rows.map(row => ({ ...row, at: row.at.toISOString() })).reverse()
}

const MAX_VERSIONS = 500

/**
 * Releases under which a day was lived in a range, the newest first: what can be asked for by
 * itself.
 */
export async function readVersions (
  db: Queryable,
  { range: { from, to }, filter }: Scope
): Promise<string[]> {
  const ofApp = filter.app === undefined
    ? sql`true`
    : sql`persona_id IN (SELECT id FROM personas WHERE app = ${filter.app})`
  const { rows } = await sql<{ version: string }>`
    SELECT app_version AS version FROM module_visits
    WHERE app_version IS NOT NULL AND created_at >= ${from}::timestamptz AND created_at < ${to}::timestamptz AND ${ofApp}
    GROUP BY 1 ORDER BY max(created_at) DESC, 1 LIMIT ${MAX_VERSIONS}`.execute(db)
  return rows.map(row => row.version)
}

interface Voice extends Rating {
  persona: { id: string, name: string, locale: string }
  /** Null: another runner's tick, which has no page here. */
  runId: string | null
  at: string
}

const VOICES_PER_PAGE = 12

interface VoiceFilter {
  /** From 1. */
  page: number
  /** Ratings that count, of this number or a lower one. */
  atMost?: number | undefined
  personaId?: string | undefined
}

/** What personas say: what counts first, the worst of it, then the newest. */
export async function readVoices (
  db: Queryable,
  scope: Scope,
  { page, atMost, personaId }: VoiceFilter
): Promise<{ voices: Voice[], hasMore: boolean }> {
  const counts = sql`(f.grounded IS TRUE AND f.rating IS NOT NULL)`
  const order = sql`${counts} DESC, f.rating, f.created_at DESC, f.id`
  const rated = atMost === undefined ? sql`true` : sql`${counts} AND f.rating <= ${atMost}`
  const who = personaId === undefined ? sql`true` : sql`f.persona_id = ${personaId}::uuid`
  const { rows } = await sql<
    FeedbackRow & {
      name: string
      locale: string
      run_id: string | null
      say_do_gap: boolean | null
    }
  >`
    SELECT f.*, p.name, p.locale, r.id AS run_id, v.say_do_gap FROM (
      SELECT * FROM persona_feedback f
      WHERE ${inScope(scope, 'f')} AND ${rated} AND ${who} ORDER BY ${order} LIMIT ${
    VOICES_PER_PAGE + 1
  } OFFSET ${(page - 1) * VOICES_PER_PAGE}
    ) f JOIN personas p ON p.id = f.persona_id LEFT JOIN runs r ON r.id = f.tick_id
    LEFT JOIN module_visits v ON v.run_id = f.tick_id AND coalesce(v.rated_as, v.module) = f.module
    ORDER BY ${order}`.execute(db)
  const voices = rows.slice(0, VOICES_PER_PAGE).map(row => ({
    ...toRating(row, row.say_do_gap === true),
    persona: { id: row.persona_id, name: row.name, locale: row.locale },
    runId: row.run_id,
    at: row.created_at.toISOString()
  }))
  return { voices, hasMore: rows.length > VOICES_PER_PAGE }
}

const MAX_SPEAKERS = 200

/** Who rated the module in a range, by name. */
export async function readSpeakers (
  db: Queryable,
  scope: Scope
): Promise<{ id: string, name: string }[]> {
  const { rows } = await sql<{ id: string, name: string }>`
    SELECT p.id, p.name FROM personas p
    WHERE p.id IN (SELECT f.persona_id FROM persona_feedback f WHERE ${inScope(scope, 'f')})
    ORDER BY p.name, p.id LIMIT ${MAX_SPEAKERS}`.execute(db)
  return rows
}

interface ToolLine {
  tool: string
  calls: number
  personas: number
  appErrors: number
  personaErrors: number
  noAnswer: number
  /** Milliseconds; null: never answered in this range. */
  p50: number | null
  p95: number | null
  lastSeenAt: string | null
}

/** Every tool that the module has ever shown, used or not, the most used first. */
export async function readTools (db: Queryable, scope: Scope, module: string): Promise<ToolLine[]> {
  const { rows } = await sql<Omit<ToolLine, 'lastSeenAt'> & { last_seen_at: Date | null }>`
    SELECT coalesce(k.tool_name, used.tool_name) AS tool, coalesce(calls, 0) AS calls, coalesce(personas, 0) AS personas,
      coalesce(app_errors, 0) AS "appErrors", coalesce(persona_errors, 0) AS "personaErrors", coalesce(no_answer, 0) AS "noAnswer", p50, p95, last_seen_at
    FROM (SELECT * FROM known_tools WHERE app = ${
    scope.filter.app ?? FIRST_APP
  } AND module = ${module}) k FULL JOIN (
      SELECT a.tool_name, count(*)::int AS calls, count(DISTINCT a.persona_id)::int AS personas,
        count(*) FILTER (WHERE a.blame = 'app')::int AS app_errors, count(*) FILTER (WHERE a.blame = 'persona')::int AS persona_errors,
        count(*) FILTER (WHERE a.result = 'unknown')::int AS no_answer,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY a.latency_ms) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY a.latency_ms) AS p95
      FROM persona_actions a LEFT JOIN runs r ON r.id = a.tick_id WHERE ${
    inScope(scope, 'a', { versions: 'r' })
  } GROUP BY a.tool_name
    ) used USING (tool_name)
    ORDER BY calls DESC NULLS LAST, tool LIMIT 500`.execute(db)
  return rows.map(({ last_seen_at: lastSeenAt, ...row }) => ({
    ...row,
    lastSeenAt: lastSeenAt?.toISOString() ?? null
  }))
}

/** The languages of the personas of these runs. A run that has no page here is not in the map. */
export async function readLocales (db: Queryable, runIds: string[]): Promise<Map<string, string>> {
  if (runIds.length === 0) return new Map()
  const rows = await db.selectFrom('runs').innerJoin('personas', 'personas.id', 'runs.persona_id')
    .select(['runs.id', 'personas.locale']).where('runs.id', 'in', runIds).execute()
  return new Map(rows.map(row => [row.id, row.locale]))
}

/** Whether anything is known of a module at all. */
export async function isModule (db: Queryable, module: string): Promise<boolean> {
  const { rows: [row] } = await sql<{ known: boolean }>`
    SELECT EXISTS (SELECT FROM known_tools WHERE module = ${module}) OR EXISTS (SELECT FROM module_visits WHERE module = ${module})
      OR EXISTS (SELECT FROM persona_feedback WHERE module = ${module}) AS known`.execute(db)
  return row?.known ?? false
}
