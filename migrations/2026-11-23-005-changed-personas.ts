import { sql, type Kysely } from 'kysely'

/** Live pages look for personas that were just changed. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`CREATE INDEX personas_changed ON personas (updated_at)`.execute(db)
}
