import Fastify, { type FastifyInstance } from 'fastify'
import apps from '../web/plugins/apps.ts'
import database from '../web/plugins/database.ts'
import dialler from '../web/plugins/dialler.ts'
import env from '../web/plugins/env.ts'
import { readEnvironment } from '../platform/environment.ts'
import { AppError } from '../platform/errors.ts'

/** What a command works with. */
export type Store = FastifyInstance

/**
 * Runs one command on the database that the environment names, migrated and waited for, and ends
 * the process with a code.
 * @param options `apps`: the command goes out to the apps that the personas live in, as the runner
 *   does (`app.apps`)
 */
export async function withStore (
  command: (app: Store) => Promise<void>,
  options: { apps?: boolean } = {}
): Promise<void> {
  const app = Fastify({ pluginTimeout: 120_000 })
  try {
    await app.register(env, { env: readEnvironment() })
    await app.register(database, {})
    await app.database.whenReady
    if (options.apps === true) {
      await app.register(dialler)
      await app.register(apps)
    }
    await command(app)
  } catch (error) {
    console.error(error instanceof AppError ? error.message : error)
    process.exitCode = 1
  } finally {
    await app.close()
  }
}
