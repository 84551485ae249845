import { setTimeout as sleep } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { foldNext } from '../../analysis/insights/folds.ts'
import { keepDoing } from './background.ts'

/** How often this process looks for a day that is over. */
const LOOK_EVERY_MS = 5 * 60_000
/**
 * Between two days of many, so that runs and pages keep the database to themselves most of the
 * time.
 */
const PAUSE_MS = 500

/**
 * Adds up days that are over, so that insights stay quick whatever the number of rows. Any process
 * may, one at a time does.
 */
export default fp(async app => {
  const { database } = app
  keepDoing(app, {
    everyMs: LOOK_EVERY_MS,
    failed: 'a day could not be added up; insights read its rows until it is',
    async round (signal) {
      await database.whenReady
      while (!signal.aborted && await foldNext(database.db) !== null) {
        await sleep(PAUSE_MS, undefined, { signal })
      }
    }
  })
}, { name: 'folding', dependencies: ['database'] })
