import { sql, type Selectable } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { ReleaseLooksTable } from '../../platform/db/tables.ts'
import type { ModuleLook, ModuleLooks } from './release-verdict.ts'

/** All SQL that writes release_looks. */

interface StoredLook extends ModuleLook {
  judgedAt: string
}
interface StoredLooks extends ModuleLooks {
  looks: StoredLook[]
}

const LOCK = sql`hashtext('persona-runner release_looks')`

/**
 * Writes the looks that are not there yet, all modules of a look or none. A look that is there
 * stays as it is.
 * @returns the days of the looks that were written; empty where another process is at it
 */
export async function addLooks (
  db: Queryable,
  { app, releases }: { app: string, releases: readonly string[] },
  modules: readonly ModuleLooks[]
): Promise<number[]> {
  const release = releases.at(-1) ?? ''
  return db.transaction().execute(async trx => {
    const { rows: [lock] } = await sql<
      { taken: boolean }
    >`SELECT pg_try_advisory_xact_lock(${LOCK}) AS taken`.execute(trx)
    if (lock?.taken !== true) return []
    const last = await latestLook(trx, { app, release })
    const rows = modules.flatMap(({ module, looks }) =>
      looks.filter(({ day }) => day > last).map(look => toRow(module, look))
    )
    if (rows.length > 0) {
      await trx.insertInto('release_looks')
        .values(rows.map(row => ({ app, release, releases: JSON.stringify(releases), ...row })))
        .execute()
    }
    return [...new Set(rows.map(({ day }) => day))]
  })
}

/** The day of the latest look; 0: there was none. */
export async function latestLook (
  db: Queryable,
  { app, release }: { app: string, release: string }
): Promise<number> {
  const row = await db.selectFrom('release_looks').select(({ fn }) => fn.max('day').as('day'))
    .where('app', '=', app).where('release', '=', release).executeTakeFirst()
  return row?.day ?? 0
}

function toRow (module: string, look: ModuleLook) {
  const json = (value: object | null) => value === null ? null : JSON.stringify(value)
  return {
    module,
    day: look.day,
    state: look.state,
    reason: look.reason,
    days_before: look.daysBefore,
    rating: json(look.rating),
    friction: json(look.friction),
    days_needed: look.daysNeeded,
    errors: json(look.errors),
    groups: JSON.stringify(look.groups)
  }
}

function toLook (row: Selectable<ReleaseLooksTable>): StoredLook {
  return {
    day: row.day,
    state: row.state as ModuleLook['state'],
    reason: row.reason as ModuleLook['reason'],
    daysBefore: row.days_before,
    rating: row.rating as ModuleLook['rating'],
    friction: row.friction as ModuleLook['friction'],
    daysNeeded: row.days_needed,
    errors: row.errors as ModuleLook['errors'],
    groups: row.groups as ModuleLook['groups'],
    judgedAt: row.judged_at.toISOString()
  }
}

interface JudgedRelease {
  /** All that are judged together. */
  releases: string[]
  modules: StoredLooks[]
}

/** The looks at the bundle that this release is in; null: there was none yet. */
export async function readLooks (
  db: Queryable,
  { app, release }: { app: string, release: string }
): Promise<JudgedRelease | null> {
  const rows = await db.selectFrom('release_looks').selectAll()
    .where('app', '=', app).where(sql<boolean>`releases ? ${release}`)
    .orderBy('release').orderBy('module').orderBy('day').execute()
  const last = rows.at(-1)
  if (last === undefined) return null
  const own = rows.filter(row => row.release === last.release)
  const modules = Map.groupBy(own, row => row.module)
  return {
    releases: last.releases,
    modules: [...modules].map(([module, looks]) => ({ module, looks: looks.map(toLook) }))
  }
}
