import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { messageOf } from '../../platform/errors.ts'
import { announce, ANNOUNCE_EVERY_MS, signOff } from '../../runner/runs/replicas.ts'
import { VERSION } from '../../platform/version.ts'

/**
 * Says in the database that this process is there, so that an operator sees from any of them which
 * there are.
 */
export default fp(async app => {
  const { database, scheduler } = app
  const id = randomUUID()
  let timer: NodeJS.Timeout | undefined

  async function sayHello (): Promise<void> {
    if (!database.isReady()) return
    try {
      await announce(database.db, {
        id,
        host: hostname(),
        pid: process.pid,
        version: VERSION,
        working: scheduler.isWorking()
      })
    } catch (error) {
      app.log.debug(
        { err: messageOf(error) },
        'this process could not say that it is there; it tries again'
      )
    }
  }

  app.addHook('onReady', async () => {
    await sayHello()
    timer = setInterval(sayHello, ANNOUNCE_EVERY_MS).unref()
  })
  app.addHook('preClose', async () => {
    clearInterval(timer)
    // A database that is gone must not hold up the end.
    if (database.isReady()) {
      await Promise.race([signOff(database.db, id).catch(() => {}), sleep(1000)])
    }
  })
}, { name: 'replica', dependencies: ['database', 'scheduler'] })
