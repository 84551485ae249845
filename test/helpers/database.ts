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
    engine: await compileEngine(),
    onError: failLoudly
  })
}

type Engine = WebAssembly.Module
/** The types of Node leave it out. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { compile(code: Buffer): Promise<Engine> }
}
let engine: Promise<Engine> | undefined

/** Compiled once for all databases of a test file: each compilation takes half a second of CPU. */
function compileEngine (): Promise<Engine> {
  const path = new URL('pglite.wasm', import.meta.resolve('@electric-sql/pglite'))
  engine ??= WebAssembly.compile(readFileSync(path))
  return engine
}

/** The URL of a new, empty database on the test server. Dropped by the teardown. */
export function createServerDatabase (t: Teardown): Promise<string> {
  return createDatabase(t, 'template1')
}

async function createDatabase (t: Teardown, template: string): Promise<string> {
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`
  await onAdminConnection(async run => {
    await run(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  })
  t.teardown(() =>
    onAdminConnection(async run => {
      await run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    })
  )
  return urlOf(name)
}

function urlOf (name: string): string {
  const url = new URL(process.env.TEST_DATABASE_URL ?? '')
  url.pathname = `/${name}`
  return url.href
}

async function openOnServer (t: Teardown): Promise<OpenDatabase> {
  const url = await createDatabase(t, await migratedTemplate())
  return openDatabase({ url, dataDir: '', poolSize: 10, onError: failLoudly })
}

/** Of the advisory lock that lets one process at a time make the template. */
const TEMPLATE_LOCK = 7_310_227

/** The name of a migrated database on the server that others are copied from. */
async function migratedTemplate (): Promise<string> {
  const name = `test_template_${hashOfMigrations()}`
  await onAdminConnection(async run => {
    await run(`SELECT pg_advisory_lock(${TEMPLATE_LOCK})`)
    // Renamed when it is whole: a process that died while it migrated leaves no half template.
    const [found] = await run(`SELECT 1 FROM pg_database WHERE datname = '${name}'`)
    if (found !== undefined) return
    await run(`DROP DATABASE IF EXISTS ${name}_unfinished WITH (FORCE)`)
    await run(`CREATE DATABASE ${name}_unfinished`)
    const opened = await openDatabase({
      url: urlOf(`${name}_unfinished`),
      dataDir: '',
      poolSize: 1,
      onError: failLoudly
    })
    await migrate(opened.db)
    await opened.close()
    await run(`ALTER DATABASE ${name}_unfinished RENAME TO ${name}`)
  })
  return name
}

function hashOfMigrations (): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(MIGRATIONS).sort()) {
    hash.update(readFileSync(`${MIGRATIONS}/${file}`))
  }
  return hash.digest('hex').slice(0, 16)
}

type Run = (statement: string) => Promise<unknown[]>

/** The connection's advisory locks end with it. */
async function onAdminConnection (work: (run: Run) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL })
  await client.connect()
  try {
    await work(async statement => (await client.query(statement)).rows)
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
  const path = `${CACHE}/migrated-${hashOfMigrations()}.tar`
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
  const image = Buffer.from(await (await lite.dumpDataDir('none')).arrayBuffer())
  await db.destroy()
  await lite.close()
  mkdirSync(CACHE, { recursive: true })
  // Written beside and renamed: another test process never reads half an image.
  const beside = `${path}.${process.pid}`
  writeFileSync(beside, image)
  renameSync(beside, path)
}
