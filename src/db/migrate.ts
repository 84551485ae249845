import * as fs from 'node:fs/promises'
import * as path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import type { Queryable } from './database.ts'

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

function migratorOf (db: Queryable): Migrator {
  const provider = new FileMigrationProvider({ fs, path, migrationFolder: MIGRATIONS, import: file => import(pathToFileURL(file).href) })
  return new Migrator({ db, provider })
}

/**
 * Brings the schema up to date. Several processes may start at once: Kysely's advisory lock lets one migrate
 * while the others wait.
 * @returns the names of the migrations that were applied now
 */
export async function migrate (db: Queryable): Promise<string[]> {
  const { error, results } = await migratorOf(db).migrateToLatest()
  if (error !== undefined) throw error
  return (results ?? []).map(result => result.migrationName)
}

/** Migrations that this code has and the database has not. */
export async function pendingMigrations (db: Queryable): Promise<string[]> {
  const all = await migratorOf(db).getMigrations()
  return all.filter(migration => migration.executedAt === undefined).map(migration => migration.name)
}
