import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'

/** An operator's pause, one row for all replicas. */
interface Pause {
  paused: boolean
  reason: string | null
  changedAt: string
}

export async function readPause (db: Queryable): Promise<Pause> {
  const row = await db.selectFrom('runner_state').selectAll().executeTakeFirstOrThrow()
  return { paused: row.paused, reason: row.pause_reason, changedAt: row.changed_at.toISOString() }
}

/** Takes effect in every process at its next tick; runs under way go on. */
export async function writePause (
  db: Queryable,
  paused: boolean,
  reason: string | null
): Promise<Pause> {
  await db.updateTable('runner_state').set({
    paused,
    pause_reason: paused ? reason : null,
    changed_at: sql`now()`
  }).execute()
  return readPause(db)
}
