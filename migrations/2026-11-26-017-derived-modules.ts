import { sql, type Kysely } from 'kysely'

/**
 * Modules of tools without a dot are derived from what the tools of an app have in common
 * (src/runner/modules/derive.ts).
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  // Null: not derived yet. What is derived once stays, so that a new tool moves no other; `module`
  // is what counts now.
  await sql`ALTER TABLE known_tools ADD COLUMN derived_module text`.execute(db)
  await sql`UPDATE known_tools SET derived_module = module WHERE module <> tool_name`.execute(db)
}
