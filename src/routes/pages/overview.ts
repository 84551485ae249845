import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readModuleLines, readNewestProblems } from '../../dashboard/overview-modules.ts'
import { readBeginnings, readNextDue, readRecently, readRunning } from '../../dashboard/overview.ts'
import { remember } from '../../dashboard/remember.ts'
import { readPause } from '../../runs/runner-state.ts'

/** Below the pause between two looks of the live feed. */
const MOMENT_MS = 900
/** Insights walk over a month of rows: they are worked out anew at most that often, however many pages are open. */
const INSIGHT_MS = 3000

/** How the app is doing with its cast, in ten seconds. */
export const overviewPages: FastifyPluginAsyncTypebox = async app => {
  const { config, scheduler, database: { db } } = app
  const readNow = remember(MOMENT_MS, async () => {
    const [running, recently, next, pause] = await Promise.all([readRunning(db), readRecently(db), readNextDue(db), readPause(db)])
    return { ...running, recently, next, paused: pause.paused || config.RUNNER_PAUSED, pauseReason: pause.reason }
  })
  const readModules = remember(INSIGHT_MS, () => readModuleLines(db))
  const readProblems = remember(INSIGHT_MS, () => readNewestProblems(db))
  const runner = () => ({ missing: scheduler.missing, schedule: config.TICK_SCHEDULE, nextPokeAt: scheduler.nextPokeAt() })

  app.get('/', { schema: { hide: true } }, async (_request, reply) => {
    const [now, modules, problems, beginnings] = await Promise.all([readNow(), readModules(), readProblems(), readBeginnings(db)])
    return reply.view('overview.eta', { title: 'Overview', nav: 'overview', ...now, ...modules, ...problems, problemsTotal: problems.total, total: now.total, beginnings, ...runner() })
  })

  app.get('/overview/now', { schema: { hide: true } }, async (_request, reply) => {
    const [now, beginnings] = await Promise.all([readNow(), readBeginnings(db)])
    return reply.view('overview-now.eta', { title: 'Now', nav: 'overview', ...now, beginnings, ...runner() })
  })

  app.get('/overview/insights', { schema: { hide: true } }, async (_request, reply) => {
    const [modules, problems] = await Promise.all([readModules(), readProblems()])
    return reply.view('overview-insights.eta', { title: 'Modules', nav: 'overview', ...modules, ...problems, problemsTotal: problems.total })
  })
}
