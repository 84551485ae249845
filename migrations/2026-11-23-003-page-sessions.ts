import { sql, type Kysely } from 'kysely'

/** Who is signed in to the pages, for all replicas. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE page_sessions (
      -- hash of the cookie's random value under the key that opened it: a new key ends the sessions of the old one
      id           text PRIMARY KEY,
      role         text NOT NULL CHECK (role IN ('admin', 'viewer')),
      created_at   timestamptz NOT NULL DEFAULT now(),
      -- whatever happens in between
      expires_at   timestamptz NOT NULL,
      -- by a person; live updates of an open page do not count
      last_seen_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db)
  // Live pages look for what has just ended, and the overview for what ended today.
  await sql`CREATE INDEX runs_by_end ON runs (finished_at DESC) WHERE finished_at IS NOT NULL`
    .execute(db)
}
