import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../src/app.ts'
import type { OpenDatabase } from '../../src/platform/db/database.ts'
import { openTestDatabase } from './database.ts'

export const SERVICE_KEY = 'service-key-for-tests'
export const ADMIN_KEY = 'admin-key-for-tests'
export const SEED_SECRET = 'seed-secret-for-tests'
export const service = { 'x-service-key': SERVICE_KEY }
export const admin = { authorization: `Bearer ${ADMIN_KEY}` }

/** As production asks for them. */
export const FIT_FOR_PRODUCTION = {
  SERVICE_KEY: 'b7c1e0f2a9d84c35',
  ADMIN_KEY: 'e2f60b917d3c48a5',
  ANTHROPIC_API_KEY: '90d4c7b2e15f6a38',
  PUBLIC_URL: 'https://personas.example.com'
}

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

/**
 * The whole application on a fresh database, ready but not listening (`app.inject`). Cron never
 * fires by itself. Without ANTHROPIC_API_KEY in `env` the runner is off, as for any operator.
 */
export async function startTestApp (
  t: Teardown,
  options: {
    env?: Record<string, string>
    database?: OpenDatabase
    signInToken?: string
    logger?: object
  } = {}
): Promise<FastifyInstance> {
  const database = options.database ?? await openTestDatabase(t)
  const app = await buildApp({
    env: {
      NODE_ENV: 'test',
      SERVICE_KEY,
      ADMIN_KEY,
      TICK_SCHEDULE: '0 0 1 1 *',
      // A test file asks as much in a second as an operator in a day.
      KEY_RATE_LIMIT: '10000000',
      ADDRESS_RATE_LIMIT: '10000000',
      ...options.env
    },
    database,
    findingsEveryMs: 2 ** 31 - 1,
    ...(options.logger !== undefined && { logger: options.logger }),
    ...(options.signInToken !== undefined && { signInToken: options.signInToken })
  })
  t.teardown(() => app.close())
  await app.ready()
  return app
}

export const PERSONA = {
  email: 'mara@personas.test',
  name: 'Mara',
  archetype: 'researcher',
  systemPrompt: 'Du bist Mara.',
  moduleMix: { todo: 2, journal: 1 },
  tickCadence: 'daily'
} as const

/** Creates a persona over the admin route. */
export async function createPersona (
  app: FastifyInstance,
  overrides: Record<string, unknown> = {}
): Promise<{ id: string, email: string }> {
  const response = await app.inject({
    method: 'POST',
    url: '/api/v1/admin/personas',
    headers: admin,
    payload: { ...PERSONA, ...overrides }
  })
  if (response.statusCode >= 300) throw new Error(response.body)
  return response.json()
}
