import { sql, type Kysely } from 'kysely'

/** What a run's modules were called when the persona rated them (src/runner/runs/relabel.ts). */
export async function up (db: Kysely<unknown>): Promise<void> {
  // The name that the persona was told; null: `module` is that name.
  await sql`ALTER TABLE persona_actions ADD COLUMN told_module text`.execute(db)
  // The module of the rating that belongs to this visit; null: `module`; empty: none belongs to it.
  await sql`ALTER TABLE module_visits ADD COLUMN rated_as text`.execute(db)
}
