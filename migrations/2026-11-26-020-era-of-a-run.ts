import { sql, type Kysely } from 'kysely'

/**
 * In which era of MCP the app of a run was spoken to, beside the revision that was agreed on. Null
 * in runs from before.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE runs ADD COLUMN mcp_era text CHECK (mcp_era IN ('stateless', 'session', 'sse'))`
    .execute(db)
}
