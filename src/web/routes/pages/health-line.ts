import type { FastifyInstance } from 'fastify'
import { readNextDue, readRecently, readRunning } from '../../dashboard/overview.ts'
import { remember } from '../../dashboard/remember.ts'
import { readPause } from '../../../runner/runs/runner-state.ts'
import { readToday } from '../../../runner/runs/spending.ts'
import { isFresh } from './is-fresh.ts'
import { namedBreakers } from './named-breakers.ts'

/** How the runner is, in one line of every page's header. */
interface HealthLine {
  living: number
  nextDue: { name: string, dueAt: Date, isDue: boolean } | null
  spent: { usd: number | null, ofUsd: number | null }
  /** What is out of order, in a word or two; null: nothing. */
  wrong: string | null
}

const EVERY_MS = 300

/** The line for all pages of this scope, and `/health-line` for those that are kept live. */
export function addHealthLine (app: FastifyInstance): void {
  const read = remember({
    everyMs: EVERY_MS,
    version: app.live.version,
    work: () => readHealthLine(app)
  })

  app.addHook('preHandler', async (request, reply) => {
    if (!isFresh(request) || request.method !== 'GET' || request.url.startsWith('/events')) return
    reply.locals = { ...reply.locals, healthLine: await read(true) }
  })

  app.get(
    '/health-line',
    { schema: { hide: true } },
    async (request, reply) =>
      reply.view('health-line.eta', {
        title: 'The runner now',
        nav: '',
        healthLine: await read(isFresh(request))
      })
  )
}

async function readHealthLine (app: FastifyInstance): Promise<HealthLine> {
  const { config, scheduler, database: { db } } = app
  const budget = config.DAILY_BUDGET_USD ?? null
  const [{ total }, [next], pause, breakers, usd] = await Promise.all([
    readRunning(db),
    readNextDue(db),
    readPause(db),
    namedBreakers(app),
    budget === null ? readRecently(db).then(day => day.usd) : readToday(db).then(day => day.usd)
  ])
  const isPaused = pause.paused || config.RUNNER_PAUSED === true
  return {
    living: total,
    nextDue: next ?? null,
    spent: { usd, ofUsd: budget },
    wrong: scheduler.missing.length > 0
      ? 'runner off'
      : breakers[0] !== undefined
      ? `${breakers[0].name} out of order`
      : isPaused
      ? 'paused'
      : budget !== null && (usd ?? 0) >= budget
      ? 'budget used up'
      : null
  }
}
