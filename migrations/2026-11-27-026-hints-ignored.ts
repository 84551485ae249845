import { sql, type Kysely } from 'kysely'

/** Whether an app's destructive hints say something (src/runner/tools/tool-policy.ts). */
export async function up (db: Kysely<unknown>): Promise<void> {
  // As of the latest run; false: no run has found that.
  await sql`ALTER TABLE apps ADD COLUMN hints_ignored boolean NOT NULL DEFAULT false`.execute(db)
}
