import { sql } from 'kysely'
import type { Queryable } from '../db/database.ts'
import { moduleOf } from './repository.ts'

/** All SQL on known_tools: what the app has ever shown, so that the tools nobody used can be named. */

/** Once a day per tool is enough: only rows that are new or a day old are written. */
export async function rememberTools (db: Queryable, toolNames: string[]): Promise<void> {
  if (toolNames.length === 0) return
  await sql`
    INSERT INTO known_tools (tool_name, module)
    SELECT * FROM unnest(${toolNames}::text[], ${toolNames.map(moduleOf)}::text[]) AS shown (tool_name, module) ORDER BY 1
    ON CONFLICT (tool_name) DO UPDATE SET last_seen_at = now() WHERE known_tools.last_seen_at < now() - interval '1 day'`.execute(db)
}
