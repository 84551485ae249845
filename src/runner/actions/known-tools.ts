import { sql, type Selectable } from 'kysely'
import { arrayOf } from '../../platform/db/array.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { PREPARED } from '../../platform/db/prepared.ts'
import type { KnownToolsTable } from '../../platform/db/tables.ts'
import { ToolNotAsSeenError } from '../../platform/errors.ts'
import { moduleByName } from '../modules/derive.ts'
import {
  lookUp,
  modulesOf,
  type KnownModule,
  type ModuleOf,
  type ToolModule
} from '../modules/modules-of.ts'
import type { ModuleRules } from '../modules/rules.ts'
import type { StoredSetAside } from './set-aside-tools.ts'
import type { AcceptedTool, KnownTool, SetAsideTool } from './tool-schemas.ts'

/**
 * All SQL on known_tools: what each app has ever shown, so that the tools nobody used can be named.
 */

interface Remembered {
  /** Tools whose definition is not the one that was seen before. */
  changed: string[]
  /** What is stored of tools that no persona gets to see. */
  setAside: StoredSetAside[]
  /** Whether the app's destructive hints were ignored before. */
  hintsIgnored: boolean
  /** The modules of the tools in this run. */
  moduleOf: ModuleOf
}

/**
 * Once a day per tool is enough: only rows that are new, changed or a day old are written, and no
 * others locked. One statement where the app shows nothing new.
 * @param definitions by tool name, a hash of all that the app says of the tool
 * @param rules the modules that an operator named
 */
export async function rememberTools (
  db: Queryable,
  app: string,
  definitions: ReadonlyMap<string, string>,
  rules: ModuleRules = []
): Promise<Remembered> {
  const names = [...definitions.keys()]
  const rows = await rememberKnown(db, app, definitions)
  const known = new Map(
    rows.flatMap(({ known }) => known === null ? [] : [[known.tool, known] as const])
  )
  const modules = modulesOf(names, rules, known)
  const news = modules.filter(({ tool, module, derived }) => {
    const stored = known.get(tool)
    return stored?.module !== module || stored.derived !== derived
  })
  if (news.length > 0) await storeModules(db, app, news, definitions)
  return {
    changed: rows.flatMap(row => row.changed ?? []),
    setAside: rows.flatMap(row => row.set_aside ?? []),
    hintsIgnored: rows.some(row => row.hints_ignored === true),
    moduleOf: lookUp(modules, rules)
  }
}

interface RememberedRow {
  changed: string | null
  set_aside: StoredSetAside | null
  known: KnownModule & { tool: string } | null
  hints_ignored: boolean | null
}

/** What is stored of the app's tools, as it was before this statement. */
async function rememberKnown (
  db: Queryable,
  app: string,
  definitions: ReadonlyMap<string, string>
): Promise<RememberedRow[]> {
  const { rows } = await sql<RememberedRow>`${PREPARED}
    WITH written AS (
    INSERT INTO known_tools (app, tool_name, module, definition_hash, accepted_hash)
    SELECT ${app}, shown.tool_name, stored.module, hash, hash
    FROM unnest(${arrayOf([...definitions.keys()])}::text[], ${
    arrayOf([...definitions.values()])
  }::text[]) AS shown (tool_name, hash)
    JOIN known_tools stored ON stored.app = ${app} AND stored.tool_name = shown.tool_name
    WHERE stored.last_seen_at < now() - interval '1 day' OR stored.definition_hash IS DISTINCT FROM hash
    ORDER BY 2
    ON CONFLICT (app, tool_name) DO UPDATE SET last_seen_at = now(), definition_hash = excluded.definition_hash,
      accepted_hash = coalesce(known_tools.accepted_hash, excluded.definition_hash),
      changed_at = CASE WHEN known_tools.definition_hash <> excluded.definition_hash THEN now() ELSE known_tools.changed_at END
    WHERE known_tools.last_seen_at < now() - interval '1 day' OR known_tools.definition_hash IS DISTINCT FROM excluded.definition_hash
    RETURNING CASE WHEN known_tools.changed_at = now() THEN known_tools.tool_name END AS tool_name
    )
    SELECT tool_name AS changed, NULL::jsonb AS set_aside, NULL::jsonb AS known, NULL::boolean AS hints_ignored FROM written WHERE tool_name IS NOT NULL
    UNION ALL
    SELECT NULL, jsonb_build_object(
      'name', tool_name, 'reason', reason, 'why', why, 'model', model, 'definitionHash', definition_hash,
      'expired', model IS NOT NULL AND noted_at < now() - interval '30 days'
    ), NULL, NULL FROM tools_set_aside WHERE app = ${app}
    UNION ALL
    SELECT NULL, NULL, jsonb_build_object('tool', tool_name, 'module', module, 'derived', derived_module), NULL
    FROM known_tools WHERE app = ${app}
    UNION ALL
    SELECT NULL, NULL, NULL, hints_ignored FROM apps WHERE name = ${app} AND hints_ignored`
    .execute(db)
  return rows
}

/** Of two processes that meet a tool at the same time, both store the same. */
async function storeModules (
  db: Queryable,
  app: string,
  news: readonly ToolModule[],
  definitions: ReadonlyMap<string, string>
): Promise<void> {
  await sql`
    INSERT INTO known_tools (app, tool_name, module, derived_module, definition_hash, accepted_hash)
    SELECT ${app}, tool_name, module, derived, hash, hash FROM unnest(
      ${arrayOf(news.map(({ tool }) => tool))}::text[], ${
    arrayOf(news.map(({ module }) => module))
  }::text[],
      ${arrayOf(news.map(({ derived }) => derived))}::text[], ${
    arrayOf(news.map(({ tool }) => definitions.get(tool)))
  }::text[]
    ) AS news (tool_name, module, derived, hash) ORDER BY tool_name
    ON CONFLICT (app, tool_name) DO UPDATE SET module = excluded.module,
      derived_module = coalesce(known_tools.derived_module, excluded.derived_module)`.execute(db)
}

/** What is stored of an app's tools, by tool. */
export async function readKnownModules (
  db: Queryable,
  app: string
): Promise<Map<string, KnownModule>> {
  const rows = await db.selectFrom('known_tools').select(['tool_name', 'module', 'derived_module'])
    .where('app', '=', app).orderBy('tool_name').execute()
  return new Map(
    rows.map(row => [row.tool_name, { module: row.module, derived: row.derived_module }])
  )
}

/** The modules of all tools that an app has ever shown, by these rules. */
export async function readModules (
  db: Queryable,
  app: string,
  rules: ModuleRules
): Promise<{ tools: string[], moduleOf: ModuleOf, news: ToolModule[] }> {
  const known = await readKnownModules(db, app)
  const tools = [...known.keys()]
  const modules = modulesOf(tools, rules, known)
  const news = modules.filter(({ tool, module }) => known.get(tool)?.module !== module)
  return { tools, moduleOf: lookUp(modules, rules), news }
}

/** What other runners report from here on has these modules. */
export async function storeKnownModules (
  db: Queryable,
  app: string,
  news: readonly ToolModule[]
): Promise<void> {
  if (news.length > 0) await storeModules(db, app, news, new Map())
}

/**
 * By tool name, the definition that counts as known: the first that was seen, or the one that an
 * operator accepted.
 */
export async function acceptedDefinitions (
  db: Queryable,
  app: string
): Promise<Map<string, string>> {
  const rows = await db.selectFrom('known_tools').select(['tool_name', 'accepted_hash']).where(
    'app',
    '=',
    app
  ).execute()
  return new Map(
    rows.flatMap(row =>
      row.accepted_hash === null ? [] : [[row.tool_name, row.accepted_hash] as const]
    )
  )
}

/**
 * From here on these definitions count as known, all of them or none.
 * @throws ToolNotAsSeenError where a tool is by now described in another way than the operator saw
 *   it
 */
export async function acceptTools (
  db: Queryable,
  app: string,
  tools: AcceptedTool[]
): Promise<ListedTool[]> {
  return db.transaction().execute(async trx => {
    const { rows } = await sql<Selectable<KnownToolsTable>>`
      UPDATE known_tools SET accepted_hash = definition_hash
      FROM (SELECT DISTINCT * FROM unnest(${tools.map(tool => tool.name)}::text[], ${
      tools.map(tool => tool.definitionHash)
    }::text[]) AS t (name, hash)) AS seen
      WHERE app = ${app} AND tool_name = seen.name AND definition_hash = seen.hash RETURNING known_tools.*`
      .execute(trx)
    const missing = tools.find(tool =>
      !rows.some(row => row.tool_name === tool.name && row.definition_hash === tool.definitionHash)
    )
    if (missing !== undefined) throw new ToolNotAsSeenError(missing.name)
    const setAside = byName(await readSetAside(trx, app))
    return rows.map(row => toKnownTool(row, setAside.get(row.tool_name)))
  })
}

/** Those first that wait for an operator, then those that no persona gets to see. */
export async function listKnownTools (
  db: Queryable,
  app: string,
  limit: number
): Promise<ListedTool[]> {
  const rows = await db.selectFrom('known_tools').selectAll().where('app', '=', app).orderBy(
    'tool_name'
  ).execute()
  const setAside = await readSetAside(db, app)
  const found = byName(setAside)
  const known = rows.map(row => toKnownTool(row, found.get(row.tool_name)))
  const names = new Set(rows.map(row => row.tool_name))
  const dropped = setAside.filter(row => row.reason === 'same_name' || !names.has(row.name)).map(
    toDropped
  )
  const rank = (tool: ListedTool) => !tool.accepted ? 0 : tool.setAside !== null ? 1 : 2
  return [...known, ...dropped].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
}

/** A tool whose way out only the app's settings tell. */
export type ListedTool = Omit<KnownTool, 'setAside'> & {
  setAside: Omit<SetAsideTool, 'mend'> | null
}

type SetAside = Omit<SetAsideTool, 'mend'> & { name: string, notedAt: string }

async function readSetAside (db: Queryable, app: string): Promise<SetAside[]> {
  const rows = await db.selectFrom('tools_set_aside').selectAll().where('app', '=', app).orderBy(
    'tool_name'
  ).orderBy('reason').execute()
  return rows.map(row => ({
    name: row.tool_name,
    reason: row.reason as SetAside['reason'],
    why: row.why,
    since: row.since.toISOString(),
    notedAt: row.noted_at.toISOString()
  }))
}

/** Of two tools of one name the first is shown to personas: the other says nothing of it. */
const byName = (setAside: SetAside[]) =>
  new Map(setAside.filter(row => row.reason !== 'same_name').map(row => [row.name, row]))

/** One that was never fit to be shown, of which no definition is kept. */
function toDropped ({ name, reason, why, since, notedAt }: SetAside): ListedTool {
  const setAside = { reason, why, since }
  const seen = { firstSeenAt: since, lastSeenAt: notedAt }
  return {
    name,
    module: moduleByName(name),
    definitionHash: null,
    accepted: true,
    changedAt: null,
    ...seen,
    setAside
  }
}

function toKnownTool (
  row: Selectable<KnownToolsTable>,
  setAside: SetAside | undefined
): ListedTool {
  return {
    name: row.tool_name,
    module: row.module,
    definitionHash: row.definition_hash,
    accepted: row.accepted_hash === row.definition_hash,
    changedAt: row.changed_at?.toISOString() ?? null,
    firstSeenAt: row.first_seen_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    setAside: setAside === undefined
      ? null
      : { reason: setAside.reason, why: setAside.why, since: setAside.since }
  }
}
