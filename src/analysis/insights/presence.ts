import { sql, type RawBuilder } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { groupColumns } from './filters.ts'
import { isSpanOf, isFolded, isUnderFold, isUnfolded, type FoldedScope } from './folded-scope.ts'

/** All SQL about which personas were there, and in which of their versions. */

interface GroupedScope extends FoldedScope {
  /** All models, prompt versions and persona versions in one group. */
  mix: boolean
}

/** A persona with more than one version within a group. */
interface Changed {
  group_model: string | null
  group_prompts: string | null
  persona_id: string
  newest: number
  /** From when to when earlier versions than the newest used or rated anything. */
  earlier_from: Date
  earlier_to: Date
}

export interface PresenceScope extends GroupedScope {
  /** Empty with `mix`: all versions count. */
  changed: Changed[]
}

/**
 * Who used or rated which module, more than once for some: from the rows where a day is not folded,
 * else from spans. A span that begins before the range and ends behind it may have nothing within:
 * where there is one, the rows of folded days are read too, all at once, which takes a third of the
 * time that asking for the rows of each span takes.
 */
export function presentIn (scope: GroupedScope): RawBuilder<unknown> {
  const { from, to } = scope.range
  const isIn = (at: string) =>
    sql`(${sql.ref(at)} >= ${from}::timestamptz AND ${sql.ref(at)} < ${to}::timestamptz)`
  const spans = sql`
    FROM persona_spans s
    WHERE EXISTS (SELECT FROM folded_days d WHERE ${isFolded(scope)}) AND ${
    isSpanOf(scope.filter, 's')
  }
      AND ${
    scope.filter.appVersion === undefined ? sql`s.any_release` : sql`NOT s.any_release`
  } AND s.last_at >= ${from}::timestamptz`
  const mustAsk =
    sql`(SELECT EXISTS (SELECT ${spans} AND s.first_at < ${from}::timestamptz AND s.last_at >= ${to}::timestamptz))`
  const rows = (among: (alias: string) => RawBuilder<unknown>) =>
    sql`
    SELECT v.persona_id, v.persona_version, v.module, v.model, v.prompt_version, v.created_at, v.created_at, false
    FROM module_visits v WHERE ${among('v')}
    UNION ALL
    SELECT f.persona_id, coalesce(f.persona_version, 0), f.module, f.model, f.prompt_version, f.created_at, f.created_at,
           f.grounded IS TRUE AND f.rating IS NOT NULL
    FROM persona_feedback f WHERE ${among('f')} AND f.module <> '__parse'`
  return sql`
    SELECT s.persona_id, s.version, s.module, s.model, s.prompt_version, s.first_at, s.last_at,
           coalesce(${isIn('s.first_counted_at')} OR ${isIn('s.last_counted_at')}, false) AS counted
    ${spans} AND (${isIn('s.first_at')} OR ${isIn('s.last_at')})
    UNION ALL ${rows(alias => isUnfolded(scope, alias))}
    UNION ALL ${rows(alias => sql`${isUnderFold(scope, alias)} AND ${mustAsk}`)}`
}

interface Changes {
  changed: Changed[]
  /** Personas with more than one version within the range, whatever group these are in. */
  changedPersonas: number
}

export async function readChanges (db: Queryable, scope: GroupedScope): Promise<Changes> {
  const { model, prompts } = groupColumns(scope.mix, 's')
  const { rows } = await sql<Changed & { of_all: number }>`
    SELECT group_model, group_prompts, persona_id, max(version) AS newest, grouping(group_model) AS of_all,
           min(first_at) FILTER (WHERE is_earlier) AS earlier_from, max(last_at) FILTER (WHERE is_earlier) AS earlier_to
    FROM (
      SELECT *, version < max(version) OVER (PARTITION BY group_model, group_prompts, persona_id) AS is_earlier
      FROM (
        SELECT ${model} AS group_model, ${prompts} AS group_prompts, s.persona_id, s.version,
               min(s.first_at) AS first_at, max(s.last_at) AS last_at
        FROM (${presentIn(scope)}) AS s GROUP BY 1, 2, 3, 4
      ) AS versions
    ) AS ranked
    GROUP BY persona_id, GROUPING SETS ((), (group_model, group_prompts))
    HAVING CASE WHEN grouping(group_model) = 1 THEN min(nullif(version, 0)) ELSE min(version) END < max(version)`
    .execute(db)
  return {
    changed: scope.mix ? [] : rows.filter(row => row.of_all === 0),
    changedPersonas: rows.filter(row => row.of_all === 1).length
  }
}

/** Whether a row is of an earlier version of its persona than the newest one within the group. */
export function supersededBy (
  changed: Changed[],
  { persona, version, model, prompts }: {
    persona: string
    version: string
    model: RawBuilder<unknown>
    prompts: RawBuilder<unknown>
  }
): RawBuilder<boolean> {
  if (changed.length === 0) return sql<boolean>`false`
  return sql<boolean>`EXISTS (
    SELECT FROM unnest(${changed.map(row => row.persona_id)}::uuid[], ${
    changed.map(row => row.newest)
  }::int[],
      ${changed.map(row => row.group_model)}::text[], ${
    changed.map(row => row.group_prompts)
  }::text[]
    ) AS newest (persona_id, version, model, prompt_version)
    WHERE newest.persona_id = ${sql.ref(persona)} AND newest.version > ${sql.ref(version)}
      AND (newest.model, newest.prompt_version) IS NOT DISTINCT FROM (${model}, ${prompts})
  )`
}

export function ofPersonas (changed: Changed[], alias: string): RawBuilder<boolean> {
  if (changed.length === 0) return sql<boolean>`false`
  return sql<boolean>`${sql.ref(`${alias}.persona_id`)} = ANY(${[
    ...new Set(changed.map(row => row.persona_id))
  ]}::uuid[])`
}

/** So many times may stand in a statement. */
const MAX_TIMES = 50

/**
 * Whether a row, by its persona and time, may be of an earlier version: without the times all rows
 * of these personas would be read, a year's for the few of one day. Where there are many personas
 * the times that reach over all of theirs do.
 */
export function mayBeEarlier (changed: Changed[], alias: string): RawBuilder<boolean> {
  const at = sql.ref(`${alias}.created_at`)
  // To the next millisecond: a JavaScript Date has no shorter times.
  const within = (rows: Changed[]) =>
    sql<boolean>`${ofPersonas(rows, alias)}
    AND ${at} >= ${
      new Date(Math.min(...rows.map(row => row.earlier_from.getTime()))).toISOString()
    }::timestamptz
    AND ${at} < ${
      new Date(Math.max(...rows.map(row => row.earlier_to.getTime())) + 1).toISOString()
    }::timestamptz`
  if (changed.length === 0) return sql<boolean>`false`
  if (changed.length > MAX_TIMES) return within(changed)
  return sql<boolean>`(${sql.join(changed.map(row => sql`(${within([row])})`), sql` OR `)})`
}
