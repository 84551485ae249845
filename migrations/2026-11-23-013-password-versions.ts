import { sql, type Kysely } from 'kysely'

/**
 * Under which of PERSONA_SEED_SECRETS a persona's password is derived, so that the secret can be
 * changed persona by persona.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE personas ADD COLUMN password_version integer NOT NULL DEFAULT 1`.execute(db)
}
