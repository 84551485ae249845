import { sql, type RawBuilder } from 'kysely'

/**
 * Walks through many rows a page at a time, in order of time and id. Nothing is held open between
 * two pages: no transaction, no cursor, no connection. Whoever stops listening stops the walk.
 */

export interface ScannedRow {
  id: string
  /** Of `positionOf`. */
  position: string
}

/**
 * The next page is on its way while one is used.
 * @param readAfter the next page behind a row, at most `size` rows; undefined: the first page
 */
export async function* scanPages<Row extends ScannedRow> (
  size: number,
  readAfter: (last: Row | undefined) => Promise<Row[]>
): AsyncGenerator<Row[]> {
  let rows = await readAfter(undefined)
  while (rows.length > 0) {
    const next = rows.length < size ? Promise.resolve([]) : readAfter(rows.at(-1))
    // What the next page fails of is said when it is asked for.
    next.catch(() => {})
    try {
      yield rows
    } finally {
      // Whoever stops listening in a transaction must not end it under a statement.
      await next.catch(() => {})
    }
    rows = await next
  }
}

/** A row's time to the microsecond; a JavaScript Date would round it, and rows would come twice. */
export function positionOf (at: string): RawBuilder<string> {
  return sql<string>`to_char(${sql.ref(at)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

/**
 * Whether a row comes behind the last one read. It names the place and not the row, which may be
 * gone by now.
 */
export function isBehind (
  last: ScannedRow | undefined,
  at: string,
  id: string,
  order: 'ascending' | 'descending'
): RawBuilder<boolean> {
  if (last === undefined) return sql<boolean>`true`
  const sign = sql.raw(order === 'ascending' ? '>' : '<')
  return sql<boolean>`(${sql.ref(at)}, ${
    sql.ref(id)
  }) ${sign} (${last.position}::timestamptz, ${last.id})`
}
