import { sql } from 'kysely'
import type { Queryable } from '../db/database.ts'
import { isBehind, positionOf, scanPages, type ScannedRow } from '../db/scan.ts'
import { csvLine } from './csv.ts'
import { SOURCES, type ExportName, type Source } from './export-sources.ts'

/**
 * Whole tables for other programs, page by page: memory does not grow with the number of rows, and nothing is read
 * ahead of a slow client but one page.
 */

export type ExportFormat = 'csv' | 'ndjson'

export interface ExportRange {
  /** Null: from the beginning. */
  from: string | null
  /** Exclusive. Fixed before the first row, so that an export ends while rows keep coming. */
  to: string
}

/** The file as pieces of text, one per page, oldest rows first. */
export async function * exportRows (
  db: Queryable, name: ExportName, format: ExportFormat, range: ExportRange
): AsyncGenerator<string> {
  const source: Source = SOURCES[name]
  const keys = Object.keys(source.columns)
  if (format === 'csv') yield csvLine(keys)
  for await (const page of scanPages<ExportedRow>(source.pageSize, last => readPage(db, source, range, last))) {
    yield page.map(row => format === 'csv' ? csvLine(keys.map(key => row[key])) : ndjsonLine(keys, row)).join('')
  }
}

interface ExportedRow extends ScannedRow { [column: string]: unknown }

async function readPage (db: Queryable, source: Source, range: ExportRange, last?: ExportedRow): Promise<ExportedRow[]> {
  const { table, columns, at, pageSize } = source
  const { from, to } = range
  const selected = Object.entries(columns).map(([key, expression]) => sql`${sql.raw(expression)} AS ${sql.id(key)}`)
  const { rows } = await sql<ExportedRow>`
    SELECT ${sql.join(selected)}, ${positionOf(at)} AS position
    FROM ${sql.table(table)} x JOIN personas p ON p.id = x.persona_id
    WHERE ${from === null ? sql`true` : sql`${sql.ref(at)} >= ${from}::timestamptz`} AND ${sql.ref(at)} < ${to}::timestamptz
      AND ${isBehind(last, at, 'x.id', 'ascending')}
    ORDER BY ${sql.ref(at)}, x.id LIMIT ${pageSize}`.execute(db)
  return rows
}

function ndjsonLine (keys: string[], row: ExportedRow): string {
  return `${JSON.stringify(Object.fromEntries(keys.map(key => [key, row[key] ?? null])))}\n`
}
