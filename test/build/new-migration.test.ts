import t from 'tap'
import { nextName } from '../../build/new-migration.ts'

const AT = new Date('2028-02-29T23:30:00Z')

t.test('a new migration has the day and the number after the highest', async t => {
  const existing = ['2026-11-01-009-runs.ts', '2026-11-02-007-late.ts', 'README.md']
  t.equal(nextName(existing, 'add-column', AT), '2028-02-29-010-add-column.ts')
  t.equal(nextName([], 'first', AT), '2028-02-29-001-first.ts')
})
