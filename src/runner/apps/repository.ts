import { sql, type Selectable } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { AppsTable } from '../../platform/db/tables.ts'
import { AppInUseError, AppNotFoundError } from '../../platform/errors.ts'
import type { Sealed } from '../../platform/seal.ts'
import type { AppSettings } from './schemas.ts'

/** All SQL on apps. What is sealed passes through here as it is. */

export interface StoredApp {
  name: string
  /** Null: what the environment says. */
  settings: AppSettings | null
  clientSecret: Sealed | null
  version: number
  createdAt: string
  updatedAt: string
}

function toStoredApp (row: Selectable<AppsTable>): StoredApp {
  return {
    name: row.name,
    settings: row.settings as AppSettings | null,
    clientSecret: row.key_id === null || row.sealed === null
      ? null
      : { keyId: row.key_id, sealed: row.sealed },
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString()
  }
}

/** @throws AppNotFoundError */
export async function getApp (db: Queryable, name: string): Promise<StoredApp> {
  const row = await db.selectFrom('apps').selectAll().where('name', '=', name).executeTakeFirst()
  if (row === undefined) throw new AppNotFoundError(name)
  return toStoredApp(row)
}

/** The first app first, then by name. */
export async function listApps (db: Queryable): Promise<StoredApp[]> {
  const rows = await db.selectFrom('apps').selectAll().orderBy(sql`settings IS NULL`, 'desc')
    .orderBy('name').execute()
  return rows.map(toStoredApp)
}

/** In the same order. */
export async function listAppNames (db: Queryable): Promise<string[]> {
  const rows = await db.selectFrom('apps').select('name').orderBy(sql`settings IS NULL`, 'desc')
    .orderBy('name').execute()
  return rows.map(row => row.name)
}

/** Creates an app, or replaces what is known of it. */
export async function putApp (
  db: Queryable,
  name: string,
  settings: AppSettings,
  clientSecret: Sealed | null
): Promise<{ app: StoredApp, created: boolean }> {
  const columns = {
    settings: JSON.stringify(settings),
    key_id: clientSecret?.keyId ?? null,
    sealed: clientSecret?.sealed ?? null
  }
  const row = await db.insertInto('apps').values({ name, ...columns })
    .onConflict(conflict =>
      conflict.column('name').doUpdateSet({
        ...columns,
        version: sql<number>`apps.version + 1`,
        updated_at: sql`now()`
      })
    )
    .returningAll().executeTakeFirstOrThrow()
  return { app: toStoredApp(row), created: row.version === 1 }
}

const FOREIGN_KEY_VIOLATION = '23503'

/** @throws AppNotFoundError, AppInUseError */
export async function deleteApp (db: Queryable, name: string): Promise<void> {
  const { numDeletedRows } = await db.deleteFrom('apps').where('name', '=', name).executeTakeFirst()
    .catch((error: { code?: unknown }) => {
      throw error.code === FOREIGN_KEY_VIOLATION ? new AppInUseError(name) : error
    })
  if (numDeletedRows === 0n) throw new AppNotFoundError(name)
}

/** Rows that are sealed under another key, locked until the end of the transaction. */
export async function lockAppsNotUnder (
  trx: Queryable,
  keyId: string,
  limit: number
): Promise<(Sealed & { name: string })[]> {
  const rows = await trx.selectFrom('apps').select(['name', 'key_id', 'sealed'])
    .where('key_id', '!=', keyId).orderBy('name').limit(limit).forUpdate().execute()
  return rows.flatMap(({ name, key_id: keyId, sealed }) =>
    keyId === null || sealed === null ? [] : [{ name, keyId, sealed }]
  )
}

/** The same secret under another key. */
export async function replaceSealedSecret (
  trx: Queryable,
  name: string,
  { keyId, sealed }: Sealed
): Promise<void> {
  await trx.updateTable('apps').set({ key_id: keyId, sealed }).where('name', '=', name).execute()
}

/** Whether its destructive hints were ignored in the latest run. */
export async function readHintsIgnored (db: Queryable, name: string): Promise<boolean> {
  const row = await db.selectFrom('apps').select('hints_ignored').where('name', '=', name)
    .executeTakeFirst()
  return row?.hints_ignored ?? false
}

/** As a run found it. */
export async function noteHintsIgnored (
  db: Queryable,
  name: string,
  ignored: boolean
): Promise<void> {
  await db.updateTable('apps').set({ hints_ignored: ignored }).where('name', '=', name).execute()
}
