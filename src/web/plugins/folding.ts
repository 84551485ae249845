import { setTimeout as sleep } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { messageOf } from '../../platform/errors.ts'
import { foldNext } from '../../analysis/insights/folds.ts'

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
  const closing = new AbortController()
  const { signal } = closing

  async function foldAll (): Promise<void> {
    await database.whenReady
    while (!signal.aborted && await foldNext(database.db) !== null) {
      await sleep(PAUSE_MS, undefined, { signal })
    }
  }

  async function keepFolding (): Promise<void> {
    while (!signal.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal, ref: false })
      await foldAll().catch(error => {
        if (!signal.aborted) {
          app.log.warn(
            { err: messageOf(error) },
            'a day could not be added up; insights read its rows until it is'
          )
        }
      })
    }
  }

  let folding = Promise.resolve()
  app.addHook('onReady', async () => {
    folding = keepFolding().catch(() => {})
  })
  app.addHook('preClose', async () => {
    closing.abort()
    await folding
  })
}, { name: 'folding', dependencies: ['database'] })
