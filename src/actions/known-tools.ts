import { sql } from 'kysely'
import type { Queryable } from '../db/database.ts'
import { moduleOf } from './repository.ts'

/** All SQL on known_tools: what the app has ever shown, so that the tools nobody used can be named. */

/**
 * Once a day per tool is enough: only rows that are new, changed or a day old are written.
 * @param definitions by tool name, a hash of all that the app says of the tool
 * @returns tools whose definition is not the one that was seen before
 */
export async function rememberTools (db: Queryable, definitions: ReadonlyMap<string, string>): Promise<string[]> {
  const names = [...definitions.keys()]
  if (names.length === 0) return []
  const { rows } = await sql<{ tool_name: string }>`
    INSERT INTO known_tools (tool_name, module, definition_hash)
    SELECT * FROM unnest(${names}::text[], ${names.map(moduleOf)}::text[], ${[...definitions.values()]}::text[]) AS shown (tool_name, module, hash) ORDER BY 1
    ON CONFLICT (tool_name) DO UPDATE SET last_seen_at = now(), definition_hash = excluded.definition_hash,
      changed_at = CASE WHEN known_tools.definition_hash <> excluded.definition_hash THEN now() ELSE known_tools.changed_at END
    WHERE known_tools.last_seen_at < now() - interval '1 day' OR known_tools.definition_hash IS DISTINCT FROM excluded.definition_hash
    RETURNING CASE WHEN changed_at = now() THEN tool_name END AS tool_name`.execute(db)
  return rows.flatMap(row => row.tool_name ?? [])
}
