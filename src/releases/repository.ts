import { sql, type Selectable } from 'kysely'
import type { Queryable } from '../db/database.ts'
import { readInstant } from '../db/instant.ts'
import type { ReleasesTable } from '../db/tables.ts'
import { ReleaseExistsError } from '../errors.ts'
import type { Release, ReleaseInput } from './schemas.ts'

/** All SQL that writes releases: when which version of the app went live. */

function toRelease (row: Selectable<ReleasesTable>): Release {
  return { version: row.version, at: row.at.toISOString(), notes: row.notes, createdAt: row.created_at.toISOString() }
}

/**
 * A second time with the same content is a retry: a deployment may send it as often as it likes. Without `at`, the time
 * that was stored first holds.
 * @throws ReleaseExistsError, BadRequestError
 */
export async function addRelease (db: Queryable, input: ReleaseInput): Promise<{ release: Release, created: boolean }> {
  const at = input.at === undefined ? undefined : readInstant(input.at, 'body/at')
  const notes = input.notes ?? null
  const inserted = await db.insertInto('releases').values({ version: input.version, at, notes })
    .onConflict(conflict => conflict.column('version').doNothing()).returningAll().executeTakeFirst()
  if (inserted !== undefined) return { release: toRelease(inserted), created: true }
  const row = await db.selectFrom('releases').selectAll().where('version', '=', input.version).executeTakeFirstOrThrow()
  const stored = toRelease(row)
  if (stored.notes !== notes || (at !== undefined && stored.at !== at)) throw new ReleaseExistsError(input.version, stored.at)
  return { release: stored, created: false }
}

/** Newest first, those to come included. */
export async function listReleases (db: Queryable, limit: number): Promise<Release[]> {
  const rows = await db.selectFrom('releases').selectAll()
    .orderBy('at', 'desc').orderBy('created_at', 'desc').limit(limit).execute()
  return rows.map(toRelease)
}

/** The version that is live now, by the database's clock; null where no release is known. */
export async function liveVersion (db: Queryable): Promise<string | null> {
  const row = await db.selectFrom('releases').select('version').where('at', '<=', sql<Date>`now()`)
    .orderBy('at', 'desc').orderBy('created_at', 'desc').limit(1).executeTakeFirst()
  return row?.version ?? null
}
