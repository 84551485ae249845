import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { PausedByEnvironmentError } from '../../errors.ts'
import { countOpen } from '../../runs/repository.ts'
import { readPause, writePause } from '../../runs/runner-state.ts'
import { errorsOf } from '../ref.ts'

const RunnerState = Type.Object({
  state: Type.Enum(['on', 'paused', 'off'], { description: 'off: keys are missing, see `missing`' }),
  missing: Type.Array(Type.String(), { description: 'variables to set' }),
  pausedByEnvironment: Type.Boolean({ description: 'this process was started with RUNNER_PAUSED=true' }),
  pauseReason: Type.Union([Type.String(), Type.Null()]),
  changedAt: Type.String({ format: 'date-time' }),
  schedule: Type.String(),
  concurrency: Type.Integer(),
  model: Type.String(),
  lastPokeAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  open: Type.Object({ queued: Type.Integer(), acting: Type.Integer(), reflecting: Type.Integer() }, { description: 'open runs over all processes' })
})
const common = { tags: ['admin'], security: [{ adminKey: [] }] }

export const adminRunnerRoutes: FastifyPluginAsyncTypebox = async app => {
  const { config, scheduler, database: { db } } = app

  async function describe () {
    const [pause, open] = await Promise.all([readPause(db), countOpen(db)])
    const paused = pause.paused || config.RUNNER_PAUSED
    return {
      state: scheduler.missing.length > 0 ? 'off' as const : paused ? 'paused' as const : 'on' as const,
      missing: scheduler.missing,
      pausedByEnvironment: config.RUNNER_PAUSED,
      pauseReason: pause.reason,
      changedAt: pause.changedAt,
      schedule: config.TICK_SCHEDULE,
      concurrency: config.PERSONA_CONCURRENCY,
      model: config.ANTHROPIC_MODEL,
      lastPokeAt: scheduler.lastPokeAt(),
      open
    }
  }

  app.get('/', {
    schema: { ...common, operationId: 'getRunner', summary: 'Whether the runner is on, and what it has to do', response: { 200: RunnerState, ...errorsOf(401, 503) } }
  }, describe)

  app.post('/', {
    schema: {
      ...common,
      operationId: 'setRunner',
      summary: 'Pause or resume the runner, in all processes; runs under way go on',
      body: Type.Object({
        paused: Type.Boolean(), reason: Type.Optional(Type.String({ maxLength: 500 }))
      }, { additionalProperties: false }),
      response: { 200: RunnerState, ...errorsOf(400, 401, 409, 503) }
    }
  }, async request => {
    if (!request.body.paused && config.RUNNER_PAUSED) throw new PausedByEnvironmentError()
    await writePause(db, request.body.paused, request.body.reason ?? null)
    return describe()
  })
}
