import type { Queryable } from '../../platform/db/database.ts'
import { firstByAccount } from '../../runner/accounts/repository.ts'
import { countByCadence, getPersona } from '../../personas/repository.ts'
import type { Persona } from '../../personas/schemas.ts'
import { RUNS_PER_DAY } from './estimate.ts'
import type { CastOfApp, Store } from './setup.ts'

/** Who lives in each app, without those that are paused. Null: it cannot be read. */
export async function readCast (
  { db, isEmpty }: Store,
  apps: string[]
): Promise<Map<string, CastOfApp> | null> {
  if (db === null) return isEmpty ? new Map() : null
  const counted = await countByCadence(db)
  const casts = await Promise.all(apps.map(async (app): Promise<[string, CastOfApp]> => {
    const groups = counted.filter(group => group.app === app)
    return [app, {
      personas: groups.reduce((sum, { personas }) => sum + personas, 0),
      runsPerDay: groups.reduce(
        (sum, { personas, cadence }) => sum + personas * RUNS_PER_DAY[cadence],
        0
      ),
      withAccount: await firstOf(db, app, true),
      withoutAccount: await firstOf(db, app, false)
    }]
  }))
  return new Map(casts)
}

async function firstOf (db: Queryable, app: string, stored: boolean): Promise<Persona | null> {
  const id = await firstByAccount(db, app, { stored })
  return id === undefined ? null : getPersona(db, id)
}
