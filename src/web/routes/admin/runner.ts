import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppName, FIRST_APP } from '../../../personas/app-name.ts'
import { PausedByEnvironmentError } from '../../../platform/errors.ts'
import { closeBreaker, listBreakers } from '../../../runner/runs/breakers.ts'
import { listReplicas } from '../../../runner/runs/replicas.ts'
import { countOpen } from '../../../runner/runs/repository.ts'
import { readPause, writePause } from '../../../runner/runs/runner-state.ts'
import { readToday } from '../../../runner/runs/spending.ts'
import { errorsOf } from '../ref.ts'

const Instant = Type.String({ format: 'date-time' })
const Service = Type.Enum(['model', 'app'])
const Breaker = Type.Object({
  service: Service,
  app: Type.Union([Type.String(), Type.Null()], { description: 'which app; null: the model' }),
  state: Type.Enum(['open', 'half-open'], { description: 'half-open: one run at a time tries' }),
  code: Type.String({ description: 'what was found; see docs/errors.md' }),
  reason: Type.String(),
  failures: Type.Integer({ description: 'how often in a row' }),
  openedAt: Instant,
  openUntil: Instant
})
const Budget = Type.Object({
  dailyUsd: Type.Number(),
  day: Type.String({ format: 'date', description: 'UTC' }),
  spentUsd: Type.Number(),
  reservedUsd: Type.Number({ description: 'what calls under way may cost at most' }),
  calls: Type.Integer(),
  unansweredCalls: Type.Integer({
    description:
      'of these, calls whose answer never came; charged with what they could have cost at most'
  })
})
const Replica = Type.Object({
  id: Type.String(),
  host: Type.String(),
  pid: Type.Integer(),
  version: Type.String(),
  working: Type.Boolean({ description: 'it takes runs from the queue' }),
  alive: Type.Boolean({ description: 'heard of within half a minute' }),
  startedAt: Instant,
  seenAt: Instant
})

const RunnerState = Type.Object({
  state: Type.Enum(['on', 'paused', 'off'], {
    description: 'off: keys are missing, see `missing`'
  }),
  missing: Type.Array(Type.String(), { description: 'variables to set' }),
  pausedByEnvironment: Type.Boolean({
    description: 'this process was started with RUNNER_PAUSED=true'
  }),
  pauseReason: Type.Union([Type.String(), Type.Null()]),
  changedAt: Type.String({ format: 'date-time' }),
  schedule: Type.String(),
  concurrency: Type.Integer(),
  model: Type.String(),
  lastPokeAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  open: Type.Object({
    queued: Type.Integer(),
    acting: Type.Integer(),
    reflecting: Type.Integer(),
    deferred: Type.Integer({ description: 'waiting for a service that is out of order' })
  }, { description: 'open runs over all processes' }),
  breakers: Type.Array(Breaker, {
    description: 'services that are out of order; meanwhile runs wait instead of failing'
  }),
  budget: Type.Union([Budget, Type.Null()], { description: 'null: DAILY_BUDGET_USD is not set' }),
  replicas: Type.Array(Replica, { description: 'processes seen within a day' })
})
const common = { tags: ['admin'], security: [{ adminKey: [] }] }

export const adminRunnerRoutes: FastifyPluginAsyncTypebox = async app => {
  const { config, scheduler, services, database: { db } } = app

  async function describe () {
    const [pause, open, breakers, replicas, budget] = await Promise.all([
      readPause(db),
      countOpen(db),
      services.all().then(all => listBreakers(db, all)),
      listReplicas(db),
      describeBudget()
    ])
    const paused = pause.paused || config.RUNNER_PAUSED
    return {
      state: scheduler.missing.length > 0
        ? 'off' as const
        : paused
        ? 'paused' as const
        : 'on' as const,
      missing: scheduler.missing,
      pausedByEnvironment: config.RUNNER_PAUSED,
      pauseReason: pause.reason,
      changedAt: pause.changedAt,
      schedule: config.TICK_SCHEDULE,
      concurrency: config.PERSONA_CONCURRENCY,
      model: config.ANTHROPIC_MODEL,
      lastPokeAt: scheduler.lastPokeAt(),
      open,
      breakers: breakers.map(({ id, ...breaker }) => breaker),
      budget,
      replicas
    }
  }

  async function describeBudget () {
    if (config.DAILY_BUDGET_USD === undefined) return null
    const { day, usd, reservedUsd, calls, unansweredCalls } = await readToday(db)
    return {
      dailyUsd: config.DAILY_BUDGET_USD,
      day,
      spentUsd: usd,
      reservedUsd,
      calls,
      unansweredCalls
    }
  }

  app.get('/', {
    schema: {
      ...common,
      operationId: 'getRunner',
      summary: 'Whether the runner is on, and what it has to do',
      response: { 200: RunnerState, ...errorsOf(401, 503) }
    }
  }, describe)

  app.post('/', {
    schema: {
      ...common,
      operationId: 'setRunner',
      summary: 'Pause or resume the runner, in all processes; runs under way go on',
      body: Type.Object({
        paused: Type.Boolean(),
        reason: Type.Optional(Type.String({ maxLength: 500 }))
      }, { additionalProperties: false }),
      response: { 200: RunnerState, ...errorsOf(400, 401, 409, 503) }
    }
  }, async request => {
    if (!request.body.paused && config.RUNNER_PAUSED) throw new PausedByEnvironmentError()
    await writePause(db, request.body.paused, request.body.reason ?? null)
    return describe()
  })
  app.post('/close-breaker', {
    schema: {
      ...common,
      operationId: 'closeBreaker',
      summary: 'Stop waiting for a service, because it is mended; the next run finds out',
      body: Type.Object({
        service: Service,
        app: Type.Optional(
          Type.Unsafe<string>({ ...AppName, default: FIRST_APP, description: 'which app' })
        )
      }, { additionalProperties: false }),
      response: { 200: RunnerState, ...errorsOf(400, 401, 404, 503) }
    }
  }, async request => {
    const { service, app: name = FIRST_APP } = request.body
    await closeBreaker(
      db,
      service === 'model' ? services.model : (await app.apps.find(name)).breaker
    )
    return describe()
  })
}
