import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { PGlite } from '@electric-sql/pglite'
import type { Database } from './tables.ts'
import { ImpatientClient } from './impatient-client.ts'
import { lockFolder } from './folder-lock.ts'
import { makePrivate } from './private-files.ts'
import { pristineFolder } from './pristine-folder.ts'

/**
 * A handle to run statements on: the database itself, or a transaction. Repository functions take
 * it first and never close over a global, so that the caller decides what is one transaction.
 * Embedded storage has a single connection: inside a transaction, use the transaction.
 */
export type Queryable = Kysely<Database>

export interface OpenDatabase {
  db: Queryable
  backend: 'postgres' | 'pglite'
  /**
   * The same connections for a library that brings its own SQL; of several statements it gets every
   * result, which Kysely does not pass on.
   */
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  /**
   * To be told once every table is there and nothing is stored yet: a data folder that was new is
   * kept for the next new one.
   */
  keepPristine(): Promise<void>
  /** How many files of the data folder other users had rights to before this start. */
  mended: number
  /** Ends all connections, then lets the data folder go. */
  close(): Promise<void>
}

interface DatabaseOptions {
  /** `postgres://…`; undefined: embedded storage. */
  url?: string | undefined
  /** Folder of the embedded storage; `memory://` keeps nothing. */
  dataDir: string
  /** Where a pristine data folder is kept for new ones to be copied from; undefined: nowhere. */
  pristineIn?: string | undefined
  /** Connections to a server. */
  poolSize: number
  /**
   * A statement or a silent connection of a server is given up after this long; 0: never.
   * Undefined: 20 s.
   */
  statementTimeoutMs?: number
  /** An initialised database to start the embedded storage from, as PGlite dumps it. */
  image?: Blob | undefined
  /** PGlite's WebAssembly, compiled already; undefined: it is compiled anew. */
  engine?: WebAssembly.Module | undefined
  /**
   * Called when an idle connection breaks. The pool replaces it; without a listener the process
   * would end.
   */
  onError: (error: Error) => void
}

const STATEMENT_TIMEOUT_MS = 20_000

/**
 * Decides between embedded storage and a server. Nothing behind this function knows which it is.
 */
export async function openDatabase (options: DatabaseOptions): Promise<OpenDatabase> {
  return options.url === undefined ? openEmbedded(options) : openServer(options.url, options)
}

async function openServer (
  url: string,
  { poolSize, statementTimeoutMs = STATEMENT_TIMEOUT_MS, onError }: DatabaseOptions
): Promise<OpenDatabase> {
  const pool = new pg.Pool({
    Client: ImpatientClient,
    connectionString: url,
    max: poolSize,
    application_name: 'persona-runner',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    query_timeout: statementTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs
  })
  return { ...open(pool, 'postgres', onError, async () => {}), async keepPristine () {}, mended: 0 }
}

/**
 * Postgres' own standard, 128 MB, is memory that this process holds; the system caches files
 * anyway.
 */
const SHARED_BUFFERS = '32MB'

async function openEmbedded (
  { dataDir, image, engine, pristineIn, onError }: DatabaseOptions
): Promise<OpenDatabase> {
  const inMemory = dataDir.startsWith('memory://')
  const mended = inMemory ? 0 : makePrivate(dataDir)
  const unlock = inMemory ? async () => {} : await lockFolder(dataDir)
  const folder = join(dataDir, 'pg')
  const isNew = !inMemory && !existsSync(folder)
  const pristine = isNew && pristineIn !== undefined ? pristineFolder(pristineIn) : undefined
  let isOfUse = pristine !== undefined && !pristine.copyTo(folder)
  if (!inMemory) mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Imported late: a process on a Postgres server never pays for it.
  const { PGlite } = await import('@electric-sql/pglite')
  const { PrivateNodeFs } = await import('./private-node-fs.ts')
  const { createPgConfig } = await import('@electric-sql/pglite/node-postgres')
  const lite: PGlite = new PGlite({
    ...(inMemory ? { dataDir } : { fs: new PrivateNodeFs(folder) }),
    loadDataDir: image,
    pgliteWasmModule: engine,
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${SHARED_BUFFERS}`]
  })
  await lite.waitReady
  // One connection is all PGlite has. A second one asked for inside a transaction fails after the
  // time limit instead of hanging for ever.
  const pool = new pg.Pool({
    ...createPgConfig(lite) as pg.PoolConfig,
    max: 1,
    connectionTimeoutMillis: 20_000
  })
  const opened = open(pool, 'pglite', onError, async () => {
    await lite.close()
    await unlock()
  })
  const keepPristine = async () => {
    if (!isOfUse) return
    isOfUse = false
    await opened.executeSql('CHECKPOINT')
    pristine?.keep(folder)
  }
  return { ...opened, keepPristine, mended }
}

function open (
  pool: pg.Pool,
  backend: OpenDatabase['backend'],
  onError: (error: Error) => void,
  afterwards: () => Promise<void>
): Omit<OpenDatabase, 'keepPristine' | 'mended'> {
  pool.on('error', onError)
  pool.on('connect', client => client.on('error', onError))
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  const close = async () => {
    await db.destroy()
    await afterwards()
  }
  return { db, backend, executeSql: (text, values) => pool.query(text, values), close }
}
