import { sql, type Selectable } from 'kysely'
import { arrayOf } from '../db/array.ts'
import type { Queryable } from '../db/database.ts'
import { PREPARED } from '../db/prepared.ts'
import type { KnownToolsTable } from '../db/tables.ts'
import { ToolNotAsSeenError } from '../errors.ts'
import { moduleOf } from './repository.ts'
import type { AcceptedTool, KnownTool } from './tool-schemas.ts'

/** All SQL on known_tools: what each app has ever shown, so that the tools nobody used can be named. */

/**
 * Once a day per tool is enough: only rows that are new, changed or a day old are written, and no others locked.
 * @param definitions by tool name, a hash of all that the app says of the tool
 * @returns tools whose definition is not the one that was seen before
 */
export async function rememberTools (db: Queryable, app: string, definitions: ReadonlyMap<string, string>): Promise<string[]> {
  const names = [...definitions.keys()]
  if (names.length === 0) return []
  const { rows } = await sql<{ tool_name: string }>`${PREPARED}
    INSERT INTO known_tools (app, tool_name, module, definition_hash, accepted_hash)
    SELECT ${app}, shown.tool_name, shown.module, hash, hash
    FROM unnest(${arrayOf(names)}::text[], ${arrayOf(names.map(moduleOf))}::text[], ${arrayOf([...definitions.values()])}::text[]) AS shown (tool_name, module, hash)
    LEFT JOIN known_tools stored ON stored.app = ${app} AND stored.tool_name = shown.tool_name
    WHERE stored.app IS NULL OR stored.last_seen_at < now() - interval '1 day' OR stored.definition_hash IS DISTINCT FROM hash
    ORDER BY 2
    ON CONFLICT (app, tool_name) DO UPDATE SET last_seen_at = now(), definition_hash = excluded.definition_hash,
      accepted_hash = coalesce(known_tools.accepted_hash, excluded.definition_hash),
      changed_at = CASE WHEN known_tools.definition_hash <> excluded.definition_hash THEN now() ELSE known_tools.changed_at END
    WHERE known_tools.last_seen_at < now() - interval '1 day' OR known_tools.definition_hash IS DISTINCT FROM excluded.definition_hash
    RETURNING CASE WHEN known_tools.changed_at = now() THEN known_tools.tool_name END AS tool_name`.execute(db)
  return rows.flatMap(row => row.tool_name ?? [])
}

/** By tool name, the definition that counts as known: the first that was seen, or the one that an operator accepted. */
export async function acceptedDefinitions (db: Queryable, app: string): Promise<Map<string, string>> {
  const rows = await db.selectFrom('known_tools').select(['tool_name', 'accepted_hash']).where('app', '=', app).execute()
  return new Map(rows.flatMap(row => row.accepted_hash === null ? [] : [[row.tool_name, row.accepted_hash] as const]))
}

/**
 * From here on these definitions count as known, all of them or none.
 * @throws ToolNotAsSeenError where a tool is by now described in another way than the operator saw it
 */
export async function acceptTools (db: Queryable, app: string, tools: AcceptedTool[]): Promise<KnownTool[]> {
  return db.transaction().execute(async trx => {
    const { rows } = await sql<Selectable<KnownToolsTable>>`
      UPDATE known_tools SET accepted_hash = definition_hash
      FROM (SELECT DISTINCT * FROM unnest(${tools.map(tool => tool.name)}::text[], ${tools.map(tool => tool.definitionHash)}::text[]) AS t (name, hash)) AS seen
      WHERE app = ${app} AND tool_name = seen.name AND definition_hash = seen.hash RETURNING known_tools.*`.execute(trx)
    const missing = tools.find(tool => !rows.some(row => row.tool_name === tool.name && row.definition_hash === tool.definitionHash))
    if (missing !== undefined) throw new ToolNotAsSeenError(missing.name)
    return rows.map(toKnownTool)
  })
}

/** Those first that wait for an operator. */
export async function listKnownTools (db: Queryable, app: string, limit: number): Promise<KnownTool[]> {
  const rows = await db.selectFrom('known_tools').selectAll().where('app', '=', app)
    .orderBy(sql`accepted_hash IS NOT DISTINCT FROM definition_hash`).orderBy('tool_name').limit(limit).execute()
  return rows.map(toKnownTool)
}

function toKnownTool (row: Selectable<KnownToolsTable>): KnownTool {
  return {
    name: row.tool_name,
    module: row.module,
    definitionHash: row.definition_hash,
    accepted: row.accepted_hash === row.definition_hash,
    changedAt: row.changed_at?.toISOString() ?? null,
    firstSeenAt: row.first_seen_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString()
  }
}
