import { sql, type Kysely } from 'kysely'

/**
 * Which rule decided whose fault a call was (`src/runner/tools/blame-sentences.ts`). Null: it ended
 * ok, another runner reported it, or it is from before. No list of names in a check: a rule that
 * goes stays the reason of old rows.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE persona_actions ADD COLUMN blame_rule text`.execute(db)
}
