import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { PageSessionsTable } from '../../platform/db/tables.ts'

/**
 * All SQL on page_sessions. The database's clock decides what has expired, so that replicas agree.
 */

export type Role = PageSessionsTable['role']

export interface PageSession {
  id: string
  role: Role
}

/** Whatever is done with it. */
const ABSOLUTE_LIMIT = '12 hours'
const IDLE_LIMIT = '2 hours'

/** Clears away what has expired, in passing. */
export async function openSession (db: Queryable, { id, role }: PageSession): Promise<void> {
  await sql`DELETE FROM page_sessions
    WHERE expires_at <= now() OR last_seen_at <= now() - ${sql.lit(IDLE_LIMIT)}::interval`.execute(
    db
  )
  await db.insertInto('page_sessions')
    .values({ id, role, expires_at: sql<Date>`now() + ${sql.lit(ABSOLUTE_LIMIT)}::interval` })
    .execute()
}

interface LiveSession extends PageSession {
  /** Nobody has been seen for a minute: worth a write. */
  isStale: boolean
}

/** @param ids of which at most one exists. Undefined: there is none, or it has expired. */
export async function findSession (db: Queryable, ids: string[]): Promise<LiveSession | undefined> {
  if (ids.length === 0) return undefined
  return db.selectFrom('page_sessions')
    .select(['id', 'role', sql<boolean>`last_seen_at < now() - interval '1 minute'`.as('isStale')])
    .where('id', 'in', ids).where('expires_at', '>', sql<Date>`now()`)
    .where('last_seen_at', '>', sql<Date>`now() - ${sql.lit(IDLE_LIMIT)}::interval`)
    .executeTakeFirst()
}

export async function touchSession (db: Queryable, id: string): Promise<void> {
  await db.updateTable('page_sessions').set({ last_seen_at: sql`now()` }).where('id', '=', id)
    .execute()
}

export async function closeSession (db: Queryable, id: string): Promise<void> {
  await db.deleteFrom('page_sessions').where('id', '=', id).execute()
}

/** @returns how many there were */
export async function closeAllSessions (db: Queryable): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('page_sessions').executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
