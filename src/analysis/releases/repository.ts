import { sql, type Selectable, type Updateable } from 'kysely'
import { FIRST_APP } from '../../personas/app-name.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { readInstant } from '../../platform/db/instant.ts'
import type { ReleasesTable } from '../../platform/db/tables.ts'
import {
  AppNotFoundError,
  ReleaseExistsError,
  ReleaseNotFoundError
} from '../../platform/errors.ts'
import type { Release, ReleaseChange, ReleaseInput } from './schemas.ts'

/** All SQL that writes releases: when which version of an app went live. */

function toRelease (row: Selectable<ReleasesTable>): Release {
  return {
    app: row.app,
    version: row.version,
    at: row.at.toISOString(),
    notes: row.notes,
    commit: row.commit_id,
    link: row.link,
    touches: row.touches,
    createdAt: row.created_at.toISOString()
  }
}

type ToldColumns = Pick<
  Updateable<ReleasesTable>,
  'at' | 'notes' | 'commit_id' | 'link' | 'touches'
>

/** The columns that a client may set; what is undefined is left as it is. */
function toColumns ({ at, notes, commit, link, touches }: ReleaseChange): ToldColumns {
  return {
    ...(at !== undefined && { at: readInstant(at, 'body/at') }),
    ...(notes !== undefined && { notes }),
    ...(commit !== undefined && { commit_id: commit }),
    ...(link !== undefined && { link }),
    ...(touches !== undefined && { touches: JSON.stringify([...touches].sort()) })
  }
}

/**
 * A second time with the same content is a retry: a deployment may send it as often as it likes.
 * Without `at`, the time that was stored first holds.
 * @throws ReleaseExistsError, AppNotFoundError, BadRequestError
 */
export async function addRelease (
  db: Queryable,
  input: ReleaseInput
): Promise<{ release: Release, created: boolean }> {
  const { app = FIRST_APP, version, ...told } = input
  const columns = toColumns(told)
  await requireApp(db, app)
  const inserted = await db.insertInto('releases').values({ app, version, ...columns })
    .onConflict(conflict => conflict.columns(['app', 'version']).doNothing()).returningAll()
    .executeTakeFirst()
  if (inserted !== undefined) return { release: toRelease(inserted), created: true }
  const stored = await getRelease(db, { app, version })
  if (!saysTheSame(stored, told)) throw new ReleaseExistsError(version, stored.at)
  return { release: stored, created: false }
}

async function requireApp (db: Queryable, app: string): Promise<void> {
  const row = await db.selectFrom('apps').select('name').where('name', '=', app).executeTakeFirst()
  if (row === undefined) throw new AppNotFoundError(app)
}

function saysTheSame (
  stored: Release,
  { at, notes, commit, link, touches }: Omit<ReleaseInput, 'app' | 'version'>
): boolean {
  const told = [notes ?? null, commit ?? null, link ?? null, ...[...touches ?? []].sort()]
  const known = [stored.notes, stored.commit, stored.link, ...stored.touches]
  const sameTime = at === undefined || stored.at === readInstant(at, 'body/at')
  return sameTime && JSON.stringify(told) === JSON.stringify(known)
}

interface ReleaseKey {
  app: string
  version: string
}

/** @throws ReleaseNotFoundError */
export async function getRelease (db: Queryable, { app, version }: ReleaseKey): Promise<Release> {
  const row = await db.selectFrom('releases').selectAll()
    .where('app', '=', app).where('version', '=', version).executeTakeFirst()
  if (row === undefined) throw new ReleaseNotFoundError(app, version)
  return toRelease(row)
}

/** Whether it has gone live, by the database's clock. @throws ReleaseNotFoundError */
export async function hasGoneLive (db: Queryable, { app, version }: ReleaseKey): Promise<boolean> {
  const row = await db.selectFrom('releases').select(sql<boolean>`at <= now()`.as('live'))
    .where('app', '=', app).where('version', '=', version).executeTakeFirst()
  if (row === undefined) throw new ReleaseNotFoundError(app, version)
  return row.live
}

/**
 * Runs that began under the release keep its name, whatever its time becomes.
 * @throws ReleaseNotFoundError, BadRequestError
 */
export async function changeRelease (
  db: Queryable,
  { app, version }: ReleaseKey,
  change: ReleaseChange
): Promise<Release> {
  const row = await db.updateTable('releases').set(toColumns(change))
    .where('app', '=', app).where('version', '=', version).returningAll().executeTakeFirst()
  if (row === undefined) throw new ReleaseNotFoundError(app, version)
  return toRelease(row)
}

/**
 * Runs that began under the release keep its name.
 * @throws ReleaseNotFoundError
 */
export async function deleteRelease (db: Queryable, { app, version }: ReleaseKey): Promise<void> {
  const { numDeletedRows } = await db.deleteFrom('releases')
    .where('app', '=', app).where('version', '=', version).executeTakeFirst()
  if (numDeletedRows === 0n) throw new ReleaseNotFoundError(app, version)
}

interface ReleasePage {
  releases: Release[]
  nextCursor: string | null
}

/**
 * Newest first, those to come included. @param after the version that the page before ended with
 */
export async function listReleases (
  db: Queryable,
  { app, limit, after }: { app: string, limit: number, after?: string | undefined }
): Promise<ReleasePage> {
  const last = after === undefined ? undefined : await getRelease(db, { app, version: after })
  const rows = await db.selectFrom('releases').selectAll().where('app', '=', app)
    .$if(last !== undefined, query =>
      query.where(sql<boolean>`(at, created_at, version) < (
      SELECT at, created_at, version FROM releases WHERE app = ${app} AND version = ${
        last?.version ?? ''
      })`))
    .orderBy('at', 'desc').orderBy('created_at', 'desc').orderBy('version', 'desc').limit(limit + 1)
    .execute()
  const releases = rows.slice(0, limit).map(toRelease)
  return { releases, nextCursor: rows.length > limit ? releases.at(-1)?.version ?? null : null }
}

/** The version that is live now, by the database's clock; null where no release is known. */
export async function liveVersion (db: Queryable, app: string): Promise<string | null> {
  const row = await db.selectFrom('releases').select('version').where('app', '=', app).where(
    'at',
    '<=',
    sql<Date>`now()`
  )
    .orderBy('at', 'desc').orderBy('created_at', 'desc').orderBy('version', 'desc').limit(1)
    .executeTakeFirst()
  return row?.version ?? null
}
