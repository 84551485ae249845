import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Queryable } from '../src/platform/db/database.ts'
import type { Database } from '../src/platform/db/tables.ts'
import { startPostgres } from '../test/helpers/postgres-server.ts'

/**
 * A Postgres server of its own, with its settings as they come, that is gone when the work is done.
 */
export async function withPostgres (
  work: (url: string) => Promise<void>,
  { fsync = false } = {}
): Promise<void> {
  const server = await startPostgres({ fsync })
  try {
    await work(server.url)
  } finally {
    await server.stop('immediate')
  }
}

/** An empty database on the server. @returns its URL */
export async function createDatabase (serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Without the product's time limits: making rows and indexes takes minutes. */
export async function withUnlimited (
  url: string,
  work: (db: Queryable) => Promise<void>
): Promise<void> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    options: '-c maintenance_work_mem=1GB'
  })
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  try {
    await work(db)
  } finally {
    await db.destroy()
  }
}
