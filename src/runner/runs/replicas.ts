import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'

/**
 * All SQL on replicas: which processes are there. Nothing is decided by it; it is for people to
 * see.
 */

interface Replica {
  id: string
  host: string
  pid: number
  version: string
  /** It takes runs from the queue. */
  working: boolean
  startedAt: string
  seenAt: string
  /** Heard of within the last two announcements. */
  alive: boolean
}

/** How often a process says that it is there, in milliseconds. */
export const ANNOUNCE_EVERY_MS = 15_000
/** A process that was not heard of for this long is forgotten. */
const FORGET_AFTER = '1 day'

export async function announce (
  db: Queryable,
  { id, host, pid, version, working }: Omit<Replica, 'startedAt' | 'seenAt' | 'alive'>
): Promise<void> {
  await db.insertInto('replicas').values({ id, host, pid, version, working })
    .onConflict(conflict => conflict.column('id').doUpdateSet({ working, seen_at: sql`now()` }))
    .execute()
  await sql`DELETE FROM replicas WHERE seen_at < now() - ${sql.lit(FORGET_AFTER)}::interval`
    .execute(db)
}

/** The process ends as it should. */
export async function signOff (db: Queryable, id: string): Promise<void> {
  await db.deleteFrom('replicas').where('id', '=', id).execute()
}

/** All that were seen within a day, the longest there first. */
export async function listReplicas (db: Queryable): Promise<Replica[]> {
  const rows = await db.selectFrom('replicas').selectAll()
    .select(
      sql<boolean>`seen_at > now() - ${sql.lit(`${2 * ANNOUNCE_EVERY_MS} milliseconds`)}::interval`
        .as('alive')
    )
    .orderBy('started_at').orderBy('id').execute()
  return rows.map(row => ({
    id: row.id,
    host: row.host,
    pid: row.pid,
    version: row.version,
    working: row.working,
    startedAt: row.started_at.toISOString(),
    seenAt: row.seen_at.toISOString(),
    alive: row.alive
  }))
}
