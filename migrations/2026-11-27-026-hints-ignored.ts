import { sql, type Kysely } from 'kysely'

/** Whether an app's destructive hints say something (src/runner/tools/tool-policy.ts). */
export async function up (db: Kysely<unknown>): Promise<void> {
  // As of the latest run; null: no run has seen its tools since.
  await sql`ALTER TABLE apps ADD COLUMN hints_ignored boolean`.execute(db)
}
