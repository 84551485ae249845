import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { CastRows, CastVisit, Release } from './cast-rows.ts'

/** All SQL that reads what verdicts are made from. */

/** A row is written when its run ends, which no clock of ours delays for longer. */
const SETTLED_AFTER = sql`interval '1 hour'`

interface VisitRow extends Omit<CastVisit, 'release' | 'context'> {
  model: string | null
  prompts: string | null
  app_version: string | null
}

interface RowsWanted {
  app: string
  /** In the order in which they came. */
  releases: readonly StoredRelease[]
  /** Days since 1970-01-01 in UTC; all that are over from `fromDay` on, or to before `toDay`. */
  fromDay: number
  toDay?: number
  /** Visits under these only. */
  versions?: readonly string[]
}

/** Visits of an app on days (UTC) that are over: a day with an open run may still change. */
export async function readCastRows (
  db: Queryable,
  { app, releases, fromDay, toDay, versions }: RowsWanted
): Promise<CastRows> {
  const { rows } = await sql<VisitRow>`
    WITH over AS (SELECT date_trunc('day', least(
      now() - ${SETTLED_AFTER}, (SELECT min(queued_at) FROM runs WHERE finished_at IS NULL AND runs.app = ${app})
    ) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS at)
    SELECT v.persona_id || ' ' || v.persona_version AS persona, v.module,
      floor(extract(epoch FROM v.created_at) / 86400)::int AS day,
      f.rating::float8 AS rating, v.friction::float8 AS friction, v.app_errors AS errors, v.calls,
      v.model, v.prompt_version AS prompts, v.app_version, p.archetype, p.locale
    FROM module_visits v
    JOIN personas p ON p.id = v.persona_id
    LEFT JOIN persona_feedback f
      ON f.tick_id = v.run_id AND f.module = coalesce(v.rated_as, v.module) AND f.persona_id = v.persona_id AND f.grounded AND f.rating IS NOT NULL
    WHERE p.app = ${app}
      AND v.created_at >= ${startOf(fromDay)}
      AND v.created_at < (SELECT at FROM over)
      ${toDay === undefined ? sql`` : sql`AND v.created_at < ${startOf(toDay)}`}
      ${versions === undefined ? sql`` : sql`AND v.app_version IN (${sql.join(versions)})`}
      AND NOT EXISTS (SELECT FROM incidents i WHERE i.run_id = v.run_id)
    ORDER BY v.created_at, v.run_id, v.module`.execute(db)
  const places = new Map(releases.map(({ name }, place) => [name, place]))
  return {
    releases: releases.map(({ name, at, touches }) => ({
      name,
      day: dayOf(at),
      touches
    })),
    visits: rows.map(({ model, prompts, app_version: version, ...row }) => ({
      ...row,
      context: JSON.stringify([model, prompts]),
      release: version === null ? -1 : places.get(version) ?? -1
    }))
  }
}

const DAY_MS = 24 * 60 * 60 * 1000
const startOf = (day: number) => sql`${new Date(day * DAY_MS).toISOString()}::timestamptz`
export const dayOf = (at: Date) => Math.floor(at.getTime() / DAY_MS)

export interface StoredRelease extends Omit<Release, 'day'> {
  at: Date
}

/** Releases of an app that are live or were, in the order in which they came. */
export async function readReleasesSoFar (db: Queryable, app: string): Promise<StoredRelease[]> {
  const rows = await db.selectFrom('releases').select(['version', 'at', 'touches'])
    .where('app', '=', app).where('at', '<=', sql<Date>`now()`)
    .orderBy('at').orderBy('created_at').orderBy('version').execute()
  return rows.map(({ version, at, touches }) => ({ name: version, at, touches }))
}

/** Whether the release is known, live or not. */
export async function isAnnounced (
  db: Queryable,
  { app, version }: { app: string, version: string }
): Promise<boolean> {
  const row = await db.selectFrom('releases').select('version')
    .where('app', '=', app).where('version', '=', version).executeTakeFirst()
  return row !== undefined
}

/** The apps that have a release. */
export async function readAppsWithReleases (db: Queryable): Promise<string[]> {
  const rows = await db.selectFrom('releases').select('app').distinct().orderBy('app').execute()
  return rows.map(row => row.app)
}
