import { sql, type RawBuilder } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { isBehind, positionOf, scanPages, type ScannedRow } from '../../platform/db/scan.ts'
import { csvLine } from './csv.ts'
import { SOURCES, type ExportName, type Source } from './export-sources.ts'

/**
 * Whole tables for other programs, page by page: memory does not grow with the number of rows, and
 * nothing is read ahead of a slow client but one page.
 */

export type ExportFormat = 'csv' | 'ndjson'

interface ExportRange {
  /** Null: from the beginning. */
  from: string | null
  /** Exclusive. Fixed before the first row, so that an export ends while rows keep coming. */
  to: string
}

/** The file as pieces of text, one per page, oldest rows first. */
export async function* exportRows (
  db: Queryable,
  name: ExportName,
  format: ExportFormat,
  range: ExportRange
): AsyncGenerator<string> {
  const source: Source = SOURCES[name]
  const keys = Object.keys(source.columns)
  if (format === 'csv') yield csvLine(keys)
  const selected = format === 'csv' ? columnsOf(source) : sql`${lineOf(source)} AS line`
  for await (
    const page of scanPages<ExportedRow>(
      source.pageSize,
      last => readPage(db, source, selected, range, last)
    )
  ) {
    yield page.map(row =>
      format === 'csv' ? csvLine(keys.map(key => row[key])) : `${String(row.line)}\n`
    ).join('')
  }
}

interface ExportedRow extends ScannedRow {
  [column: string]: unknown
}

const columnsOf = ({ columns }: Source) =>
  sql.join(
    Object.entries(columns).map(([key, expression]) =>
      sql`${sql.raw(expression)} AS ${sql.id(key)}`
    )
  )

/**
 * A line of NDJSON, which Postgres writes in less time than the driver needs to make an object of
 * the columns. Instants as JavaScript writes them.
 */
function lineOf ({ columns }: Source): RawBuilder<string> {
  const values = Object.entries(columns).map(([key, expression]) => {
    const written = key.endsWith('At')
      ? `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
      : expression
    return sql`${sql.raw(written)} AS ${sql.id(key)}`
  })
  return sql<string>`(SELECT row_to_json(columns)::text FROM (SELECT ${
    sql.join(values)
  }) AS columns)`
}

async function readPage (
  db: Queryable,
  source: Source,
  selected: RawBuilder<unknown>,
  range: ExportRange,
  last?: ExportedRow
): Promise<ExportedRow[]> {
  const { table, at, pageSize } = source
  const { from, to } = range
  const { rows } = await sql<ExportedRow>`
    SELECT ${selected}, x.id, ${positionOf(at)} AS position
    FROM ${sql.table(table)} x JOIN personas p ON p.id = x.persona_id
    WHERE ${from === null ? sql`true` : sql`${sql.ref(at)} >= ${from}::timestamptz`} AND ${
    sql.ref(at)
  } < ${to}::timestamptz
      AND ${isBehind(last, at, 'x.id', 'ascending')}
    ORDER BY ${sql.ref(at)}, x.id LIMIT ${pageSize}`.execute(db)
  return rows
}
