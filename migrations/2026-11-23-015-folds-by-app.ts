import { sql, type Kysely } from 'kysely'

/**
 * What is added up is told apart by app, so that insights of one of several apps need not read rows
 * (src/analysis/insights/folds.ts).
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  for (const table of ['module_days', 'latency_days', 'latency_months']) {
    await sql`ALTER TABLE ${sql.table(table)} ADD COLUMN app text NOT NULL DEFAULT 'main'`.execute(
      db
    )
    await sql`ALTER TABLE ${sql.table(table)} ALTER COLUMN app DROP DEFAULT`.execute(db)
  }
  // Days that were added up over several apps are added up anew; their months are forgotten with
  // them.
  await sql`DELETE FROM folded_days WHERE EXISTS (SELECT FROM personas WHERE app <> 'main')`
    .execute(db)
}
