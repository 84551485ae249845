import { sql, type RawBuilder } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { inScope, type Filter, type Range, type Scope, type ScopeOptions } from './filters.ts'

/** Which part of a range is read as folded days or months, and which row by row. */

export interface FoldedScope extends Scope {
  /**
   * What is read row by row: everything but the folded days that lie within the range as a whole.
   */
  gaps: Range[]
}

/** Folded days know no personas apart, but of which app they are. */
const knowsAll = ({ archetype, personaId, personaVersion }: Filter) =>
  archetype === undefined && personaId === undefined && personaVersion === undefined

const dayStart = sql<Date>`(d.day::timestamp AT TIME ZONE 'UTC')`
const dayEnd = sql<Date>`((d.day + 1)::timestamp AT TIME ZONE 'UTC')`

/** All statements of one answer see the same days folded: one may be forgotten at any time. */
export async function inOneView<T> (
  db: Queryable,
  read: (trx: Queryable) => Promise<T>
): Promise<T> {
  return db.transaction().setIsolationLevel('repeatable read').execute(async trx => {
    // The planner takes long spans, which are few, for many, and compiles the statement for longer
    // than it runs.
    await sql`SET LOCAL jit = off`.execute(trx)
    // A month's visits of a large cast are sorted in memory and not on the disk.
    await sql`SET LOCAL work_mem = '32MB'`.execute(trx)
    return read(trx)
  })
}

/** To be read in the view that uses it. */
export async function foldScope<S extends Scope> (
  trx: Queryable,
  scope: S
): Promise<S & FoldedScope> {
  if (!knowsAll(scope.filter)) return { ...scope, gaps: [scope.range] }
  const { from, to } = scope.range
  const { rows } = await sql<{ from: Date, to: Date }>`
    WITH folded AS (SELECT d.day, ${dayStart} AS since, ${dayEnd} AS until FROM folded_days d WHERE ${
    isWholeDay(scope)
  }),
    around AS (
      SELECT coalesce(lag(until) OVER (ORDER BY day), ${from}::timestamptz) AS "from", since AS "to" FROM folded
      UNION ALL SELECT coalesce(max(until), ${from}::timestamptz), ${to}::timestamptz FROM folded
    )
    SELECT * FROM around WHERE "from" < "to" ORDER BY "from"`.execute(trx)
  return {
    ...scope,
    gaps: rows.map(row => ({ from: row.from.toISOString(), to: row.to.toISOString() }))
  }
}

const isWholeDay = ({ range }: Scope) =>
  sql<
    boolean
  >`(${dayStart} >= ${range.from}::timestamptz AND ${dayEnd} <= ${range.to}::timestamptz)`

/** Whether a folded day, under the alias `d` of folded_days, stands for its rows. */
export function isFolded (scope: FoldedScope): RawBuilder<boolean> {
  return knowsAll(scope.filter) ? isWholeDay(scope) : sql<boolean>`false`
}

/** Whether a folded month, under the alias `m` of folded_months, stands for its days. */
export function isWholeMonth ({ range, filter }: FoldedScope): RawBuilder<boolean> {
  if (!knowsAll(filter)) return sql<boolean>`false`
  return sql<boolean>`((m.month::timestamp AT TIME ZONE 'UTC') >= ${range.from}::timestamptz
    AND ((m.month + interval '1 month') AT TIME ZONE 'UTC') <= ${range.to}::timestamptz)`
}

/** What spans can be asked for, of which a persona tells the app. */
export function isSpanOf (filter: Filter, alias: string): RawBuilder<boolean> {
  const { app, ...versions } = filter
  const isOfApp = app === undefined
    ? sql`true`
    : sql`${sql.ref(`${alias}.persona_id`)} IN (SELECT id FROM personas WHERE app = ${app})`
  return sql<boolean>`(${isSumOf(versions, alias)} AND ${isOfApp})`
}

/** What folded days and months can be asked for. */
export function isSumOf (filter: Filter, alias: string): RawBuilder<boolean> {
  const equals: [column: string, value: string | undefined][] = [
    ['app', filter.app],
    ['app_version', filter.appVersion],
    ['model', filter.model],
    ['prompt_version', filter.promptVersion],
    ['module', filter.module]
  ]
  const asked = equals.flatMap(([column, value]) =>
    value === undefined ? [] : [sql`${sql.ref(`${alias}.${column}`)} = ${value}`]
  )
  return sql<boolean>`(${asked.length === 0 ? sql`true` : sql.join(asked, sql` AND `)})`
}

/** Whether a row is in the scope and not in a folded day of it. */
export function isUnfolded (
  scope: FoldedScope,
  alias: string,
  options?: ScopeOptions
): RawBuilder<boolean> {
  return sql<boolean>`(${inScope(scope, alias, options)} AND ${inGaps(scope, alias)})`
}

/** Whether a row is in a folded day of the scope. */
export function isUnderFold (
  scope: FoldedScope,
  alias: string,
  options?: ScopeOptions
): RawBuilder<boolean> {
  return sql<boolean>`(${inScope(scope, alias, options)} AND NOT ${inGaps(scope, alias)})`
}

function inGaps ({ gaps }: FoldedScope, alias: string): RawBuilder<boolean> {
  const at = sql.ref(`${alias}.created_at`)
  const within = gaps.map(({ from, to }) =>
    sql`(${at} >= ${from}::timestamptz AND ${at} < ${to}::timestamptz)`
  )
  return sql<boolean>`(${within.length === 0 ? sql`false` : sql.join(within, sql` OR `)})`
}
