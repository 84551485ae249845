import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { lockFolder } from '../../../src/platform/db/folder-lock.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { createServerDatabase, onServer } from '../../helpers/database.ts'
import { filledStore, findings, inStore, look, startServices } from '../../helpers/doctor.ts'

/** What the doctor says of the database, in every state it may be in. */

const { env } = await startServices(t)
const offline = { asksModel: false }

t.test('a database of this version is green', async t => {
  const report = await look({ ...env, ...await filledStore(t) }, offline)
  t.match(findings(report, 'database'), [{
    status: 'ok',
    says: onServer ? /Postgres \d+/ : /embedded storage in/
  }])
  t.match(findings(report, 'schema'), [{ status: 'ok', says: 'up to date' }])
  t.match(findings(report, 'cost'), [{ status: 'ok', says: /no personas: npm run seed:personas/ }])
})

t.test('one of an older or of a newer program is red, and says which migrations', async t => {
  const store = await filledStore(
    t,
    db =>
      sql`DELETE FROM kysely_migration WHERE name = (SELECT max(name) FROM kysely_migration)`
        .execute(db)
  )
  t.match(findings(await look({ ...env, ...store }, offline), 'schema'), [
    {
      status: 'failed',
      says: /^of an older program: 1 migrations are to come, the first is 20/,
      todo: /npm run db:migrate/
    }
  ])
  await inStore(
    store,
    db =>
      sql`INSERT INTO kysely_migration (name, timestamp) VALUES ('2999-01-01-001-flying-cars', '')`
        .execute(db)
  )
  t.match(findings(await look({ ...env, ...store }, offline), 'schema'), [
    { status: 'failed', says: /newer program: .*2999-01-01-001-flying-cars/ }
  ])
})

t.test('an empty server, or a folder that is not there, is fine before the first start', async t => {
  const store: Record<string, string> = onServer
    ? { DATABASE_URL: await createServerDatabase(t as never) }
    : { DATA_DIR: join(t.testdir(), 'new/folder') }
  const report = await look({ ...env, ...store }, offline)
  t.equal(report.ok, true)
  t.match(findings(report, 'schema'), [{ status: 'ok', says: /no tables yet/ }])
  t.match(findings(report, 'cost'), [{ says: /no personas: npm run seed:personas/ }])
})

t.test('a folder that a process runs on is told of, and what needs no database is checked', {
  skip: onServer && 'of embedded storage'
}, async t => {
  const store = await filledStore(t)
  const unlock = await lockFolder(store.DATA_DIR ?? '')
  const report = await look({ ...env, ...store }, offline)
  await unlock()
  t.match(findings(report, 'database'), [{
    status: 'not_checked',
    says: /is locked by a process that runs on it/,
    todo: /stop it/
  }])
  t.match(findings(report, 'app'), [{ status: 'ok' }])
  t.match(findings(report, 'cost'), [{
    status: 'ok',
    says: /how many personas there are stands in the database/
  }])
  t.equal(report.ok, true)
})

t.test(
  'a folder that cannot be made is red',
  { skip: onServer && 'of embedded storage' },
  async t => {
    const file = join(t.testdir(), 'a-file')
    writeFileSync(file, '')
    const report = await look({ ...env, DATA_DIR: join(file, 'data') }, offline)
    t.match(findings(report, 'database'), [{
      status: 'failed',
      says: /cannot be made/,
      todo: /DATA_DIR/
    }])
  }
)

t.test('a server that does not answer, or refuses, is red without its password', async t => {
  const url = `postgres://somebody:very-hush-hush@127.0.0.1:${await closedPort()}/app`
  const report = await look({ ...env, DATABASE_URL: url }, offline)
  t.match(findings(report, 'database'), [{
    status: 'failed',
    says: /ECONNREFUSED/,
    todo: /DATABASE_URL/
  }])
  t.match(findings(report, 'schema'), [{ status: 'not_checked' }])
  t.notMatch(JSON.stringify(report), /hush/)
})

t.test(
  'a user without the right to create tables is red',
  { skip: !onServer && 'of a server' },
  async t => {
    const store = await filledStore(t)
    const role = `reader_${process.pid}`
    await inStore(store, db =>
      sql.raw(
        `CREATE ROLE ${role} LOGIN PASSWORD 'hush-hush-hush'; GRANT pg_read_all_data TO ${role}`
      ).execute(db))
    t.teardown(() =>
      inStore(store, db => sql.raw(`DROP OWNED BY ${role}; DROP ROLE ${role}`).execute(db))
    )
    const url = new URL(store.DATABASE_URL ?? '')
    ;[url.username, url.password] = [role, 'hush-hush-hush']
    const report = await look({ ...env, DATABASE_URL: url.href }, offline)
    t.match(findings(report, 'database'), [{
      status: 'failed',
      says: /may not create tables/,
      todo: /GRANT CREATE ON SCHEMA/
    }])
    t.notMatch(JSON.stringify(report), /hush/)
  }
)
