import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { getApp } from '../runner/apps/repository.ts'
import { FIRST_APP } from '../personas/app-name.ts'
import { withoutEmpty } from '../platform/config.ts'
import { noDatabase } from '../platform/db/no-database.ts'
import { problemsIn } from './doctor/check-configuration.ts'
import { openStore } from './doctor/open-store.ts'
import type { Setup, Store } from './doctor/setup.ts'
import { ConfigError } from '../platform/errors.ts'
import agent from '../web/plugins/agent.ts'
import apps from '../web/plugins/apps.ts'
import dialler from '../web/plugins/dialler.ts'
import env from '../web/plugins/env.ts'
import { productionProblems } from '../platform/production.ts'

/**
 * What the environment describes, put together as a start does it, but for a database that is
 * neither waited for nor changed.
 */

interface OpenedSetup {
  /** Undefined: the environment cannot be read for its problems. */
  setup: Setup | undefined
  problems: string[]
  close(): Promise<void>
}

export async function openSetup (
  environment: Record<string, string | undefined>
): Promise<OpenedSetup> {
  const app = Fastify({ pluginTimeout: 120_000 })
  const { NODE_ENV, ...others } = withoutEmpty(environment)
  const problems = NODE_ENV === 'production' ? productionProblems(others) : []
  let store: Store | undefined
  const close = async () => {
    await app.close()
    await store?.close()
  }
  try {
    await app.register(env, { env: environment })
    store = await openStore(app.config)
    await app.register(lookedAt(store))
    for (const plugin of [dialler, apps, agent]) await app.register(plugin)
    return { setup: toSetup(app, store), problems, close }
  } catch (error) {
    if (error instanceof ConfigError) {
      return { setup: undefined, problems: [...problems, ...problemsIn(error)], close }
    }
    await close()
    throw error
  }
}

/** Takes the place of `web/plugins/database.ts`. */
function lookedAt ({ db }: Store) {
  return fp(async app => {
    app.decorate('database', {
      db: db ?? noDatabase(),
      backend: app.config.DATABASE_URL === undefined ? 'pglite' : 'postgres',
      executeSql: async () => ({ rows: [] }),
      keepPristine: async () => {},
      whenReady: Promise.resolve(),
      isReady: () => db !== null
    })
  }, { name: 'database', dependencies: ['env'] })
}

function toSetup (
  { apps, agent, config, dialler, database }: FastifyInstance,
  store: Store
): Setup {
  return {
    config,
    dialler,
    model: agent.model,
    store,
    async findApp (name) {
      const settings = name === FIRST_APP ? null : (await getApp(database.db, name)).settings
      return { name, settings: apps.settingsOf({ settings }), connected: await apps.find(name) }
    }
  }
}
