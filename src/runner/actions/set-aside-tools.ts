import { sql } from 'kysely'
import { arrayOf } from '../../platform/db/array.ts'
import type { Queryable } from '../../platform/db/database.ts'

/** All SQL that writes tools_set_aside: what an app lists and no persona gets to see. */

export interface SetAsideRow {
  name: string
  reason: string
  why: string
  /** Both set where the model's provider refused the tool with this definition. */
  model: string | null
  definitionHash: string | null
}

export interface StoredSetAside extends SetAsideRow {
  /** A refusal of a model that is a month old: it may have learnt to take the tool. */
  expired: boolean
}

/**
 * Makes what is stored the same as what a run found, and writes nothing where it is. Tools that
 * this run was not shown stay as they are: another persona is shown another list.
 * @param shown the names of all tools that the run was shown, set aside or not
 * @param stored as `rememberTools` answered
 */
export async function noteSetAside (
  db: Queryable,
  app: string,
  shown: string[],
  setAside: SetAsideRow[],
  stored: SetAsideRow[]
): Promise<void> {
  const now = unique(setAside)
  const before = unique(stored.filter(row => shown.includes(row.name)))
  if (isSame(now, before)) return
  const rows = [...now.values()]
  const column = (name: keyof SetAsideRow) => arrayOf(rows.map(row => row[name]))
  await sql`
    WITH gone AS (
      DELETE FROM tools_set_aside old WHERE app = ${app} AND tool_name = ANY(${
    arrayOf(shown)
  }::text[])
        AND NOT EXISTS (
          SELECT FROM unnest(${column('name')}::text[], ${
    column('reason')
  }::text[]) AS now (name, reason)
          WHERE now.name = old.tool_name AND now.reason = old.reason
        )
    )
    INSERT INTO tools_set_aside (app, tool_name, reason, why, model, definition_hash)
    SELECT ${app}, now.* FROM unnest(
      ${column('name')}::text[], ${column('reason')}::text[], ${column('why')}::text[], ${
    column('model')
  }::text[], ${column('definitionHash')}::text[]
    ) AS now (name, reason, why, model, definition_hash)
    ORDER BY name, reason
    ON CONFLICT (app, tool_name, reason) DO UPDATE SET noted_at = now(), why = excluded.why, model = excluded.model,
      definition_hash = excluded.definition_hash`.execute(db)
}

/** Of all apps, as the latest runs found it. */
export async function listSetAside (
  db: Queryable
): Promise<{ app: string, name: string, reason: string }[]> {
  return db.selectFrom('tools_set_aside').select(['app', 'tool_name as name', 'reason']).orderBy(
    'app'
  ).orderBy('tool_name').orderBy('reason').execute()
}

/**
 * Those that the model's provider refused in a run, so that the next one does not pay for finding
 * out.
 */
export async function noteRefused (
  db: Queryable,
  app: string,
  refused: SetAsideRow[]
): Promise<void> {
  if (refused.length > 0) await noteSetAside(db, app, [], refused, [])
}

const keyOf = ({ name, reason }: SetAsideRow) => JSON.stringify([name, reason])
const unique = (rows: SetAsideRow[]) => new Map(rows.map(row => [keyOf(row), row]))

function isSame (now: Map<string, SetAsideRow>, before: Map<string, SetAsideRow>): boolean {
  if (now.size !== before.size) return false
  return [...now].every(([key, row]) => {
    const old = before.get(key)
    return old !== undefined &&
      (['why', 'model', 'definitionHash'] as const).every(field => old[field] === row[field])
  })
}
