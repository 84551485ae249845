import fc from 'fast-check'
import { sql } from 'kysely'
import t from 'tap'
import { arrayOf } from '../../../src/platform/db/array.ts'
import { PREPARED } from '../../../src/platform/db/prepared.ts'
import { clean } from '../../../src/platform/text.ts'
import { onServer, openTestDatabase } from '../../helpers/database.ts'

const { db } = await openTestDatabase(t)

t.test('an array arrives as it was sent, whatever its texts are', async t => {
  const text = fc.string({
    unit: fc.constantFrom(
      'a',
      '"',
      '\\',
      '{',
      '}',
      ',',
      'NULL',
      'null',
      ' ',
      '\n',
      '\t',
      "'",
      'ä',
      '🙂',
      '$1'
    )
  }).map(clean)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(text)),
      fc.array(fc.option(fc.integer())),
      async (texts, numbers) => {
        const { rows: [row] } = await sql<{ texts: unknown, numbers: unknown }>`
      SELECT ${arrayOf(texts)}::text[] AS texts, ${arrayOf(numbers)}::int[] AS numbers`.execute(db)
        t.same(row, { texts, numbers })
      }
    ),
    { numRuns: 60 }
  )
  t.equal(arrayOf(['a', undefined, null]), '{"a",null,null}')
})

t.test('a statement that says so is prepared once per connection', {
  skip: onServer ? false : 'embedded storage has one connection, which prepares nothing'
}, async t => {
  await db.connection().execute(async connection => {
    for (const n of [1, 2, 3]) {
      t.same((await sql`${PREPARED} SELECT ${n}::int AS n`.execute(connection)).rows, [{ n }])
    }
    const { rows } = await sql`SELECT count(*)::int AS n FROM pg_prepared_statements`.execute(
      connection
    )
    t.same(rows, [{ n: 1 }])
  })
})
