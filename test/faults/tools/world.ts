import { startCountingApp } from './counting-app.ts'
import type { World } from './fleet.ts'
import { addPersonas, countRuns, passPeriod, type Store } from './store.ts'
import type { Teardown } from './teardown.ts'
import { startTokenModel } from './token-model.ts'
import { until } from './measure.ts'
import { watchWrites } from './watch-writes.ts'

/** A database with personas, watched, and the app and the model that they live with. */
export async function startWorld<S extends Store> (
  t: Teardown,
  store: S,
  { personas }: { personas: number }
): Promise<World & { store: S }> {
  await watchWrites(store.db)
  await addPersonas(store.db, personas)
  return { store, app: await startCountingApp(t), model: await startTokenModel(t) }
}

/**
 * Makes everybody due again once fewer than so many runs wait for a worker, so that there is always
 * something in the middle. Those that were interrupted and wait for their turn do not count.
 */
export async function keepBusy ({ store: { db } }: World, atLeast: number): Promise<void> {
  const { queued, final } = await countRuns(db)
  if (final > 0 && queued < atLeast) await passPeriod(db)
}

/**
 * Waits until every run is final. Nobody must become due meanwhile.
 * @param standstillMs given up when none became final for so long; how many there are is not what
 *   is asked
 */
export async function allFinal ({ store: { db } }: World, standstillMs: number): Promise<boolean> {
  for (let open = Infinity, now = Infinity; now > 0; open = now) {
    if (
      !await until(async () => (now = (await countRuns(db)).open) < open, {
        limitMs: standstillMs,
        everyMs: 250
      })
    ) return false
  }
  return true
}
