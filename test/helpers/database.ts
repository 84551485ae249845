import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync
} from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { openDatabase, type OpenDatabase } from '../../src/platform/db/database.ts'
import { migrate } from '../../src/platform/db/migrate.ts'

/**
 * A fresh, migrated database per test file: a database of its own on the server that
 * TEST_DATABASE_URL names, else embedded storage in memory, loaded from one migrated image that is
 * made once per version of the migrations.
 */

const CACHE = fileURLToPath(new URL('../.cache', import.meta.url))
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

export const onServer = process.env.TEST_DATABASE_URL !== undefined

/** Closed by the test's teardown at the latest; closing twice does no harm. */
export async function openTestDatabase (t: Teardown): Promise<OpenDatabase> {
  const opened = onServer ? await openOnServer(t) : await openInMemory()
  const { close } = opened
  let closed: Promise<void> | undefined
  opened.close = () => (closed ??= close())
  t.teardown(() => opened.close())
  return opened
}

async function openInMemory (): Promise<OpenDatabase> {
  return openDatabase({
    dataDir: 'memory://',
    poolSize: 1,
    image: new Blob([new Uint8Array(await migratedImage())]),
    onError: failLoudly
  })
}

/** The URL of a new, empty database on the test server. Dropped by the teardown. */
export async function createServerDatabase (t: Teardown): Promise<string> {
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`
  await onAdminConnection(`CREATE DATABASE ${name}`)
  t.teardown(() => onAdminConnection(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  const url = new URL(process.env.TEST_DATABASE_URL ?? '')
  url.pathname = `/${name}`
  return url.href
}

async function openOnServer (t: Teardown): Promise<OpenDatabase> {
  const url = await createServerDatabase(t)
  const opened = await openDatabase({ url, dataDir: '', poolSize: 10, onError: failLoudly })
  await migrate(opened.db)
  return opened
}

async function onAdminConnection (statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Dropping a database breaks its idle connections; that is not worth a word. */
function failLoudly (error: Error): void {
  if (!/terminat|57P01|Connection/.test(error.message)) {
    process.stderr.write(`database error in a test: ${error.message}\n`)
  }
}

/** As PGlite dumps it. */
export async function migratedImage (): Promise<Buffer> {
  const hash = createHash('sha256')
  for (const file of readdirSync(MIGRATIONS).sort()) {
    hash.update(readFileSync(`${MIGRATIONS}/${file}`))
  }
  const path = `${CACHE}/migrated-${hash.digest('hex').slice(0, 16)}.tar.gz`
  if (!existsSync(path)) await makeImage(path)
  return readFileSync(path)
}

async function makeImage (path: string): Promise<void> {
  const folder = 'memory://'
  const lite = new PGlite(folder)
  await lite.waitReady
  const { createPgConfig } = await import('@electric-sql/pglite/node-postgres')
  const { Kysely, PostgresDialect } = await import('kysely')
  const pool = new pg.Pool({ ...createPgConfig(lite) as pg.PoolConfig, max: 1 })
  const db = new Kysely<never>({ dialect: new PostgresDialect({ pool }) })
  await migrate(db as never)
  const image = Buffer.from(await (await lite.dumpDataDir('gzip')).arrayBuffer())
  await db.destroy()
  await lite.close()
  mkdirSync(CACHE, { recursive: true })
  // Written beside and renamed: another test process never reads half an image.
  const beside = `${path}.${process.pid}`
  writeFileSync(beside, image)
  renameSync(beside, path)
}
