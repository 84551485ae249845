import { startCountingApp } from './counting-app.ts'
import type { World } from './fleet.ts'
import { addPersonas, countRuns, passPeriod, type Store } from './store.ts'
import type { Teardown } from './teardown.ts'
import { startTokenModel } from './token-model.ts'
import { until } from './measure.ts'
import { watchWrites } from './watch-writes.ts'

/** A database with personas, watched, and the app and the model that they live with. */
export async function startWorld<S extends Store> (
  t: Teardown, store: S, { personas }: { personas: number }
): Promise<World & { store: S }> {
  await watchWrites(store.db)
  await addPersonas(store.db, personas)
  return { store, app: await startCountingApp(t), model: await startTokenModel(t) }
}

/** Makes everybody due again once fewer than so many runs are open, so that there is always something in the middle. */
export async function keepBusy ({ store: { db } }: World, atLeast: number): Promise<void> {
  const { open, final } = await countRuns(db)
  if (final > 0 && open < atLeast) await passPeriod(db)
}

/** Waits until every run is final. Nobody must become due meanwhile. */
export function allFinal ({ store: { db } }: World, limitMs: number): Promise<boolean> {
  return until(async () => (await countRuns(db)).open === 0, { limitMs, everyMs: 250 })
}
