import { sql, type Kysely } from 'kysely'

/** Who is due has one order, also among those who never ran: by id. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`CREATE INDEX personas_due_in_order ON personas (cadence, last_active_at NULLS FIRST, id) WHERE NOT paused`
    .execute(db)
  await sql`DROP INDEX personas_due`.execute(db)
}
