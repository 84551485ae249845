import { readdirSync } from 'node:fs'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { openDatabase, type OpenDatabase } from '../../../src/platform/db/database.ts'
import { migrate, pendingMigrations } from '../../../src/platform/db/migrate.ts'
import { createServerDatabase, onServer, openTestDatabase } from '../../helpers/database.ts'

const MIGRATIONS = readdirSync(new URL('../../../migrations', import.meta.url)).map(file =>
  file.replace(/\.ts$/, '')
).sort()

/** An empty database; on a server with as many connections as are asked for, each of its own. */
async function openEmpty (t: Test, processes = 1): Promise<OpenDatabase[]> {
  const url = onServer ? await createServerDatabase(t) : undefined
  const open = async () => {
    const opened = await openDatabase({ url, dataDir: 'memory://', poolSize: 3, onError: () => {} })
    t.teardown(() => opened.close())
    return opened
  }
  return Promise.all(Array.from({ length: processes }, open))
}

t.test('an empty database lacks every migration, and none once it is brought up to date', async t => {
  const [opened] = await openEmpty(t)
  if (opened === undefined) throw new Error('no database')
  const { db } = opened
  t.same(await pendingMigrations(db), MIGRATIONS)
  t.same(await migrate(db), MIGRATIONS, 'applied in the order of their names')
  t.same(await pendingMigrations(db), [])
  t.same(await migrate(db), [], 'a second time there is nothing to do')
  const { rows } = await sql<
    { name: string }
  >`SELECT name FROM kysely_migration ORDER BY timestamp, name`.execute(db)
  t.same(rows.map(row => row.name), MIGRATIONS)
})

t.test('a migration that is recorded is pending no more, and one that is not is named', async t => {
  const { db } = await openTestDatabase(t)
  t.same(await pendingMigrations(db), [])
  const last = MIGRATIONS.at(-1) ?? ''
  await sql`DELETE FROM kysely_migration WHERE name = ${last}`.execute(db)
  t.same(await pendingMigrations(db), [last])
})

t.test('a migration that lands after one of a higher number is applied all the same', async t => {
  const { db } = await openTestDatabase(t)
  const late = MIGRATIONS.find(name => name.endsWith('-016-own-passwords')) ?? ''
  t.not(late, MIGRATIONS.at(-1))
  await sql`DELETE FROM kysely_migration WHERE name = ${late}`.execute(db)
  t.same(await migrate(db), [late])
})

t.test('a database of a newer release is refused instead of being used as if it were ours', async t => {
  const { db } = await openTestDatabase(t)
  await sql`
    INSERT INTO kysely_migration (name, timestamp)
    VALUES ('9999-12-31-001-from-the-future', '9999-12-31T00:00:00.000Z')`.execute(db)
  await t.rejects(migrate(db), /9999-12-31-001-from-the-future/)
})

const serverOnly = { skip: onServer ? false : 'embedded storage has one connection' }

t.test(
  'processes that start at once on an empty database apply each migration once',
  serverOnly,
  async t => {
    const processes = await openEmpty(t, 5)
    const applied = await Promise.all(processes.map(({ db }) => migrate(db)))
    t.same(
      applied.flat().sort(),
      MIGRATIONS,
      'one applied them, the others waited and found nothing to do'
    )
    for (const { db } of processes) t.same(await pendingMigrations(db), [])
  }
)

t.test('a migration may take as long as it takes, and no other statement', serverOnly, async t => {
  const url = await createServerDatabase(t)
  const limits = { usual: {}, migrating: { statementTimeoutMs: 0 } }
  const shown: Record<string, unknown> = {}
  for (const [name, options] of Object.entries(limits)) {
    const { db, close } = await openDatabase({
      url,
      dataDir: '',
      poolSize: 1,
      onError: () => {},
      ...options
    })
    shown[name] = (await sql<{ statement_timeout: string }>`SHOW statement_timeout`.execute(db))
      .rows[0]?.statement_timeout
    await close()
  }
  t.same(shown, { usual: '20s', migrating: '0' })
})
