import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { listApps } from '../../../runner/apps/repository.ts'
import { AppName, FIRST_APP } from '../../../personas/app-name.ts'
import { remember } from '../../dashboard/remember.ts'
import { readBroken, readLongestWait, readSpend } from '../../dashboard/runner.ts'
import { plotSpend } from '../../dashboard/spend-plot.ts'
import { PausedByEnvironmentError, RunnerOffError } from '../../../platform/errors.ts'
import { closeBreaker } from '../../../runner/runs/breakers.ts'
import { listReplicas } from '../../../runner/runs/replicas.ts'
import { countOpen } from '../../../runner/runs/repository.ts'
import { readPause, writePause } from '../../../runner/runs/runner-state.ts'
import { readToday } from '../../../runner/runs/spending.ts'
import { runNow } from '../../../runner/runs/tick.ts'
import { shownAddress } from '../../../platform/dial/shown-address.ts'
import { isFresh } from './is-fresh.ts'
import { namedBreakers } from './named-breakers.ts'

const EVERY_MS = 300

/** The machinery: whether it is on, what it has to do, what broke, what it costs. */
export const runnerPages: FastifyPluginAsyncTypebox = async app => {
  const { config, scheduler, services, database: { db } } = app
  const readState = remember({
    everyMs: EVERY_MS,
    version: app.live.version,
    async work () {
      const [pause, open, waitMs, broken, spend, breakers, replicas, apps, today] = await Promise
        .all([
          readPause(db),
          countOpen(db),
          readLongestWait(db),
          readBroken(db),
          readSpend(db),
          namedBreakers(app),
          listReplicas(db),
          readApps(),
          config.DAILY_BUDGET_USD === undefined ? null : readToday(db)
        ])
      return {
        pause,
        open,
        waitMs,
        broken,
        spend,
        breakers,
        replicas,
        apps,
        today,
        plot: plotSpend(spend)
      }
    }
  })

  /** None where there is only one, which stands among the settings. */
  async function readApps () {
    const stored = await listApps(db)
    const lines = stored.map(one => {
      const { mcpUrl, accounts = 'none', toolPolicy = 'allow' } = app.apps.settingsOf(one)
      return { name: one.name, address: shownAddress(mcpUrl), accounts, toolPolicy }
    })
    return lines.length > 1 ? lines : []
  }

  async function describe (request: FastifyRequest) {
    const state = await readState(isFresh(request))
    const isPaused = state.pause.paused || config.RUNNER_PAUSED
    return {
      title: 'Runner',
      nav: 'runner',
      ...state,
      state: scheduler.missing.length > 0 ? 'off' : isPaused ? 'paused' : 'on',
      missing: scheduler.missing,
      schedule: config.TICK_SCHEDULE,
      lastPokeAt: scheduler.lastPokeAt(),
      nextPokeAt: scheduler.nextPokeAt(),
      pausedByEnvironment: config.RUNNER_PAUSED,
      settings: {
        model: config.ANTHROPIC_MODEL,
        app: shownAddress(config.MCP_URL),
        concurrency: config.PERSONA_CONCURRENCY,
        queueLimit: config.QUEUE_LIMIT,
        dailyBudgetUsd: config.DAILY_BUDGET_USD ?? null,
        maxRunUsd: config.MAX_RUN_USD ?? null,
        maxToolCalls: config.MAX_TOOL_CALLS,
        maxTurns: config.MAX_TURNS,
        runTimeoutMs: config.RUN_TIMEOUT_MS
      }
    }
  }

  app.get(
    '/runner',
    { schema: { hide: true } },
    async (request, reply) => reply.view('runner.eta', await describe(request))
  )
  app.get(
    '/runner/now',
    { schema: { hide: true } },
    async (request, reply) => reply.view('runner-now.eta', await describe(request))
  )

  app.post('/runner/pause', {
    schema: {
      hide: true,
      body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 500 })) })
    }
  }, async (request, reply) => {
    await writePause(db, true, request.body.reason?.trim() || null)
    return reply.redirect('/runner', 303)
  })

  app.post('/runner/resume', { schema: { hide: true } }, async (_request, reply) => {
    if (config.RUNNER_PAUSED) throw new PausedByEnvironmentError()
    await writePause(db, false, null)
    return reply.redirect('/runner', 303)
  })

  app.post('/runner/close-breaker', {
    schema: {
      hide: true,
      body: Type.Object({ service: Type.Enum(['model', 'app']), app: Type.Optional(AppName) })
    }
  }, async (request, reply) => {
    const { service, app: name = FIRST_APP } = request.body
    await closeBreaker(
      db,
      service === 'model' ? services.model : (await app.apps.find(name)).breaker
    )
    return reply.redirect('/runner', 303)
  })

  app.post('/runner/again', {
    schema: { hide: true, body: Type.Object({ persona: Type.String({ maxLength: 100 }) }) }
  }, async (request, reply) => {
    if (scheduler.missing.length > 0) throw new RunnerOffError(scheduler.missing)
    const { runId } = await runNow(db, scheduler.queue, request.body.persona)
    return reply.redirect(`/runs/${encodeURIComponent(runId)}`, 303)
  })
}
