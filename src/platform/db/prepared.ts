import { createHash } from 'node:crypto'
import { sql } from 'kysely'

/**
 * Begins a statement that a server parses and plans once per connection (`ImpatientClient` gives it
 * a name). For statements that go out all the time, and whose text is the same whatever their
 * values are: each text is kept by every connection.
 */
export const PREPARED = sql.raw('/* prepared */')

const names = new Map<string, string>()

/** The name that a statement is prepared under; undefined: it is not to be. */
export function preparedName (text: string): string | undefined {
  if (!text.startsWith('/* prepared */')) return undefined
  const name = names.get(text) ?? createHash('sha256').update(text).digest('hex').slice(0, 16)
  names.set(text, name)
  return name
}
