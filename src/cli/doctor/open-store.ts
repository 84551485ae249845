import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { sql } from 'kysely'
import type { Config } from '../../platform/config.ts'
import { openDatabase, type OpenDatabase, type Queryable } from '../../platform/db/database.ts'
import { pendingMigrations, unknownMigrations } from '../../platform/db/migrate.ts'
import { DataFolderInUseError, messageOf } from '../../platform/errors.ts'
import { failed, notChecked, ok } from './finding.ts'
import type { Finding } from './schemas.ts'
import type { Store } from './setup.ts'

/**
 * The database: reachable, new enough, with the rights that a start needs, and of this program's
 * version. Nothing is written.
 */

/** README, "Storage". */
const OLDEST_SERVER = 140_000
const CLOSED = { db: null, isEmpty: false, close: async () => {} }

export async function openStore (config: Config): Promise<Store> {
  const { DATABASE_URL, DATA_DIR } = config
  if (DATABASE_URL === undefined && !existsSync(join(DATA_DIR, 'pg'))) return newFolder(DATA_DIR)
  let opened: OpenDatabase | undefined
  try {
    opened = await openDatabase({
      url: DATABASE_URL,
      dataDir: DATA_DIR,
      poolSize: 2,
      onError: () => {}
    })
    const version = await versionOf(opened.db)
    return await look(
      opened,
      opened.backend === 'postgres'
        ? `${hostOf(DATABASE_URL ?? '')}, Postgres ${version}`
        : `embedded storage in ${DATA_DIR}`
    )
  } catch (error) {
    await opened?.close().catch(() => {})
    if (error instanceof DataFolderInUseError) return inUse(DATA_DIR)
    const todo = DATABASE_URL === undefined
      ? 'check DATA_DIR'
      : 'check DATABASE_URL, and that the server runs and lets this machine in'
    return {
      ...CLOSED,
      findings: [
        failed('database', `cannot be opened: ${messageOf(error)}`, { todo }),
        unknownSchema('the database cannot be opened')
      ]
    }
  }
}

const hostOf = (url: string) => URL.canParse(url) ? new URL(url).host : 'the server'
const unknownSchema = (why: string) => notChecked('schema', why)

/** Left as it is: the first start, or the first command that stores something, makes it. */
function newFolder (folder: string): Store {
  const findings = [
    writable(folder),
    ok('schema', 'no tables yet; npm run seed:personas or npm start makes them')
  ]
  return { ...CLOSED, isEmpty: findings[0]?.status === 'ok', findings }
}

function writable (folder: string): Finding {
  let place = resolve(folder)
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  try {
    // A folder is needed, and a file is no folder.
    accessSync(join(place, '.'), constants.W_OK | constants.X_OK)
    return ok('database', `embedded storage, to be made in ${folder}`)
  } catch (error) {
    return failed('database', `the folder ${folder} cannot be made: ${messageOf(error)}`, {
      todo: 'set DATA_DIR to a folder that this user may write'
    })
  }
}

function inUse (folder: string): Store {
  const says =
    `the folder ${folder} is locked by a process that runs on it; what is stored in it was not looked at`
  const todo = 'look at the pages of that process, or stop it and run this again'
  return {
    ...CLOSED,
    findings: [notChecked('database', says, { todo }), unknownSchema('the database is locked')]
  }
}

async function versionOf (db: Queryable): Promise<string> {
  const { rows: [row] } = await sql<{ server_version: string }>`SHOW server_version`.execute(db)
  return row?.server_version.split(' ')[0] ?? ''
}

async function look (opened: OpenDatabase, name: string): Promise<Store> {
  const { db, close } = opened
  const [lacking, schema] = [await lackOf(db), await lookAtSchema(db)]
  const database = lacking === null
    ? ok('database', name)
    : failed('database', `${name}: ${lacking.says}`, { todo: lacking.todo })
  return {
    findings: [database, schema.finding],
    db: schema.isUpToDate ? db : null,
    isEmpty: schema.isNew,
    close
  }
}

interface Lack {
  says: string
  todo: string
}

async function lackOf (db: Queryable): Promise<Lack | null> {
  const { rows: [row] } = await sql<
    { version: number, replica: boolean, table: boolean | null, schema: boolean }
  >`SELECT
    current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS replica,
    has_schema_privilege(current_schema(), 'CREATE') AS table,
    (has_database_privilege(current_database(), 'CREATE') OR EXISTS (SELECT FROM pg_namespace WHERE nspname = 'pgboss')) AS schema
  `.execute(db)
  if (row === undefined) return null
  if (row.version < OLDEST_SERVER) {
    return { says: 'the server is older than Postgres 14', todo: 'use Postgres 14 or newer' }
  }
  if (row.replica) {
    return {
      says: 'the server is a replica that only reads',
      todo: 'set DATABASE_URL to the primary'
    }
  }
  if (row.table !== true) {
    return {
      says: 'this user may not create tables',
      todo: 'GRANT CREATE ON SCHEMA public TO the user of DATABASE_URL'
    }
  }
  return row.schema
    ? null
    : {
      says: 'this user may not create the schema of the queue',
      todo: 'GRANT CREATE ON DATABASE … TO the user of DATABASE_URL'
    }
}

async function lookAtSchema (
  db: Queryable
): Promise<{ finding: Finding, isUpToDate: boolean, isNew: boolean }> {
  const [pending, unknown] = [await pendingMigrations(db), await unknownMigrations(db)]
  const state = {
    isUpToDate: pending.length + unknown.applied.length === 0,
    isNew: unknown.total === 0
  }
  if (unknown.applied.length > 0) {
    const says = `the database is of a newer program: this one does not know ${
      unknown.applied.join(', ')
    }`
    return {
      ...state,
      finding: failed('schema', says, {
        todo: 'run the newer program, or restore a backup from before'
      })
    }
  }
  if (state.isNew) {
    return {
      ...state,
      finding: ok('schema', 'no tables yet; npm run seed:personas or npm start makes them')
    }
  }
  if (pending.length === 0) return { ...state, finding: ok('schema', 'up to date') }
  const says = `of an older program: ${pending.length} migrations are to come, the first is ${
    pending[0]
  }`
  return {
    ...state,
    finding: failed('schema', says, { todo: 'npm run db:migrate; every start does so by itself' })
  }
}
