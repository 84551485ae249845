import Fastify, { type FastifyInstance } from 'fastify'
import database from '../plugins/database.ts'
import env from '../plugins/env.ts'
import { readEnvironment } from '../environment.ts'
import { AppError } from '../errors.ts'

/** Runs one command on the database that the environment names, migrated and waited for, and ends the process with a code. */
export async function withStore (command: (app: FastifyInstance) => Promise<void>): Promise<void> {
  const app = Fastify({ pluginTimeout: 120_000 })
  try {
    await app.register(env, { env: readEnvironment() })
    await app.register(database, {})
    await app.database.whenReady
    await command(app)
  } catch (error) {
    console.error(error instanceof AppError ? error.message : error)
    process.exitCode = 1
  } finally {
    await app.close()
  }
}
