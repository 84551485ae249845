import * as fs from 'node:fs/promises'
import * as path from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'kysely'
import { pathOf } from '../paths.ts'
import type { Queryable } from './database.ts'

const MIGRATIONS = pathOf('migrations')
const UNDEFINED_TABLE = '42P01'

/**
 * Brings the schema up to date. Several processes may start at once: Kysely's advisory lock lets
 * one migrate while the others wait. None of them builds on one of another change, so one that
 * lands later may have a lower number.
 * @returns the names of the migrations that were applied now
 */
export async function migrate (db: Queryable): Promise<string[]> {
  if (await isUpToDate(db)) return []
  const { FileMigrationProvider, Migrator } = await import('kysely/migration')
  const provider = new FileMigrationProvider({
    fs,
    path,
    migrationFolder: MIGRATIONS,
    import: file => import(pathToFileURL(file).href)
  })
  const { error, results } = await new Migrator({ db, provider, allowUnorderedMigrations: true })
    .migrateToLatest()
  if (error !== undefined) throw error
  return (results ?? []).map(result => result.migrationName)
}

/**
 * Whether the database has what this code has, and no more. One small statement, where the migrator
 * walks the catalogue.
 */
export async function isUpToDate (db: Queryable): Promise<boolean> {
  const [known, applied] = [await knownMigrations(), await appliedMigrations(db)]
  return known.length === applied.size && known.every(name => applied.has(name))
}

/** Migrations that this code has and the database has not. */
export async function pendingMigrations (db: Queryable): Promise<string[]> {
  const applied = await appliedMigrations(db)
  return (await knownMigrations()).filter(name => !applied.has(name))
}

/** Migrations that the database has and this code has not, and how many it has in all. */
export async function unknownMigrations (
  db: Queryable
): Promise<{ applied: string[], total: number }> {
  const applied = await appliedMigrations(db)
  const known = new Set(await knownMigrations())
  return { applied: [...applied].filter(name => !known.has(name)).sort(), total: applied.size }
}

/** Named as Kysely's provider names them: the file without its ending. */
async function knownMigrations (): Promise<string[]> {
  const files = await fs.readdir(MIGRATIONS)
  return files.filter(file => /\.[jt]s$/.test(file)).map(file => path.parse(file).name).sort()
}

async function appliedMigrations (db: Queryable): Promise<Set<string>> {
  try {
    const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db)
    return new Set(rows.map(({ name }) => name))
  } catch (error) {
    if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return new Set()
    throw error
  }
}
