import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { pendingMigrations } from '../../platform/db/migrate.ts'
import { messageOf } from '../../platform/errors.ts'
import { listBreakers, nameOf } from '../../runner/runs/breakers.ts'
import { readPause } from '../../runner/runs/runner-state.ts'
import { isBudgetUsedUp } from '../../runner/runs/spending.ts'

const Health = Type.Object({ ok: Type.Literal(true) })
const Ready = Type.Object({
  ok: Type.Boolean(),
  database: Type.String({ description: 'ok, or what is wrong' }),
  migrations: Type.String({ description: 'ok, or which are missing' }),
  queue: Type.String({ description: 'ok, off (which keys are missing), or starting' }),
  paused: Type.Boolean(),
  degraded: Type.Array(Type.String(), {
    description:
      'what keeps personas from living their day although this process can do its work; see GET /api/v1/admin/runner'
  }),
  lastPokeAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: 'when this process last looked for due personas'
  })
})

export const healthRoutes: FastifyPluginAsyncTypebox = async app => {
  // Supervisors ask every few seconds: that is no news for a log.
  const logLevel = 'warn'

  app.get('/health', {
    logLevel,
    config: { alwaysAnswers: true, anyHost: true },
    schema: {
      operationId: 'health',
      summary: 'Whether this process is alive; never touches the database',
      tags: ['health'],
      response: { 200: Health }
    }
  }, async () => ({ ok: true as const }))

  app.get('/ready', {
    logLevel,
    config: { anyHost: true },
    schema: {
      operationId: 'ready',
      summary: 'Whether this process can do its work',
      tags: ['health'],
      response: { 200: Ready, 503: Ready }
    }
  }, async (_request, reply) => {
    const state = await readiness()
    return reply.code(state.ok ? 200 : 503).send(state)
  })

  async function readiness () {
    const { scheduler, database, config, services } = app
    const queue = scheduler.missing.length > 0
      ? `off: ${scheduler.missing.join(' and ')} not set`
      : scheduler.isWorking()
      ? 'ok'
      : 'starting'
    const base = {
      queue,
      paused: config.RUNNER_PAUSED,
      degraded: [],
      lastPokeAt: scheduler.lastPokeAt()
    }
    if (!database.isReady()) {
      return { ...base, ok: false, database: 'waiting for the server', migrations: 'unknown' }
    }
    try {
      const pending = await pendingMigrations(database.db)
      if (pending.length > 0) {
        return { ...base, ok: false, database: 'ok', migrations: `missing: ${pending.join(', ')}` }
      }
      const { db } = database
      // One after the other: three connections would be opened for them at the first look, and be
      // busy at every other.
      const pause = await readPause(db)
      const breakers = await services.all().then(all => listBreakers(db, all))
      const usedUp = await isBudgetUsedUp(db, config.DAILY_BUDGET_USD ?? null)
      const degraded = breakers.map(({ state, code, openUntil, ...breaker }) =>
        `${nameOf(breaker)} is out of order (${code}), ${
          state === 'open' ? `asked again at ${openUntil}` : 'being tried again'
        }`
      )
      if (usedUp) degraded.push('the budget of this day (UTC) is used up')
      // A runner that is off by configuration serves its routes; that is ready.
      return {
        ...base,
        ok: queue !== 'starting',
        database: 'ok',
        migrations: 'ok',
        paused: base.paused || pause.paused,
        degraded
      }
    } catch (error) {
      return { ...base, ok: false, database: messageOf(error), migrations: 'unknown' }
    }
  }
}
