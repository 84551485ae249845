import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'

/** All SQL of the pages about releases. */

interface ReleaseLine {
  version: string
  at: string
  notes: string | null
  commit: string | null
  link: string | null
  touches: string[]
  /** False: it goes live later. */
  isLive: boolean
}

/** Newest first. */
export async function readReleaseLines (
  db: Queryable,
  app: string,
  limit: number
): Promise<ReleaseLine[]> {
  const rows = await db.selectFrom('releases')
    .select([
      'version',
      'at',
      'notes',
      'commit_id',
      'link',
      'touches',
      sql<boolean>`at <= now()`.as('is_live')
    ])
    .where('app', '=', app).orderBy('at', 'desc').orderBy('created_at', 'desc').orderBy(
      'version',
      'desc'
    )
    .limit(limit).execute()
  return rows.map(({ at, commit_id: commit, is_live: isLive, ...row }) => ({
    ...row,
    at: at.toISOString(),
    commit,
    isLive
  }))
}
