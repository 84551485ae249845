import fp from 'fastify-plugin'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { openDatabase, type OpenDatabase, type Queryable } from '../../platform/db/database.ts'
import { isUpToDate, migrate } from '../../platform/db/migrate.ts'
import { messageOf } from '../../platform/errors.ts'
import { CACHE } from '../../platform/paths.ts'
import { isDatabaseGone } from './error-handler.ts'

declare module 'fastify' {
  interface FastifyInstance {
    database: {
      db: Queryable
      backend: OpenDatabase['backend']
      executeSql: OpenDatabase['executeSql']
      keepPristine: OpenDatabase['keepPristine']
      /** Resolves once the schema is up to date; rejects when that cannot be. */
      whenReady: Promise<void>
      isReady(): boolean
    }
  }
}

export interface DatabasePluginOptions {
  /** An open database for tests; without it the environment says which. */
  database?: OpenDatabase | undefined
}

const RETRY_MS = 2000
/** Not in a folder that other users may write: every new data folder begins as what is in it. */
const PRISTINE = join(CACHE, 'persona-runner-data')

/**
 * Opens the database and brings it up to date. A server that is not there yet is waited for, while
 * `/ready` says so; anything else stops the boot.
 */
export default fp<DatabasePluginOptions>(async (app, options) => {
  const { DATABASE_URL, DATA_DIR, DATABASE_POOL } = app.config
  const onError = (error: Error) =>
    app.log.warn({ err: messageOf(error) }, 'a database connection broke; the pool replaces it')
  const storage = { url: DATABASE_URL, dataDir: DATA_DIR, pristineIn: PRISTINE }
  const opened = options.database ??
    await openDatabase({ ...storage, poolSize: DATABASE_POOL, onError })
  if (opened.mended > 0) {
    app.log.warn(
      { folder: DATA_DIR, files: opened.mended },
      'other users had rights to files of the data folder; they have none any more'
    )
  }
  const closing = new AbortController()
  let ready = false
  /** On millions of rows an index takes longer than any other statement may. */
  const migrateInPeace = async () => {
    const patient = await openDatabase({ ...storage, poolSize: 2, statementTimeoutMs: 0, onError })
    return migrate(patient.db).finally(() => patient.close())
  }
  const bringUp = async () => {
    const isOwnServer = opened.backend === 'postgres' && options.database === undefined
    const bringUpToDate = isOwnServer ? migrateInPeace : () => migrate(opened.db)
    const applied = await isUpToDate(opened.db) ? [] : await bringUpToDate()
    if (applied.length > 0) {
      app.log.info({ migrations: applied }, 'database schema brought up to date')
    }
    ready = true
  }
  const waitForServer = async () => {
    for (;;) {
      await sleep(RETRY_MS, undefined, { signal: closing.signal })
      try {
        return await bringUp()
      } catch (error) {
        if (!isDatabaseGone(error)) throw error
      }
    }
  }

  let whenReady = Promise.resolve()
  try {
    await bringUp()
  } catch (error) {
    if (!isDatabaseGone(error)) {
      await opened.close()
      throw error
    }
    app.log.warn(
      { err: messageOf(error) },
      'the database server does not answer yet; waiting for it'
    )
    whenReady = waitForServer()
    whenReady.catch(error => {
      if (!closing.signal.aborted) {
        app.log.fatal({ err: messageOf(error) }, 'the database cannot be brought up to date')
      }
    })
  }

  const { db, backend, executeSql, keepPristine } = opened
  app.decorate('database', {
    db,
    backend,
    executeSql,
    keepPristine,
    whenReady,
    isReady: () => ready
  })
  app.addHook('onClose', async () => {
    closing.abort()
    await whenReady.catch(() => {})
    await opened.close()
  })
}, { name: 'database', dependencies: ['env'] })
