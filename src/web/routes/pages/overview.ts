import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from 'typebox'
import { readWhatChanged } from '../../dashboard/changes.ts'
import { readModuleLines, readNewestProblems } from '../../dashboard/overview-modules.ts'
import { readBeginnings, readNextDue, readRecently, readRunning } from '../../dashboard/overview.ts'
import { address } from '../../dashboard/address.ts'
import { remember, rememberEach } from '../../dashboard/remember.ts'
import { FIRST_APP } from '../../../personas/app-name.ts'
import { readPause } from '../../../runner/runs/runner-state.ts'
import { readToday } from '../../../runner/runs/spending.ts'
import { readAppChoice } from './app-choice.ts'
import { isFresh } from './is-fresh.ts'
import { namedBreakers } from './named-breakers.ts'
import { pickRange, RangeFields, readRange } from './range.ts'

/** For live pages: what is going on now, and insights that walk over a month of rows. */
const NOW_EVERY_MS = 300
const INSIGHTS_EVERY_MS = 3000

const InsightsQuery = Type.Object({
  app: Type.Optional(Type.String({ maxLength: 100 })),
  ...RangeFields
})
type InsightsQuery = Static<typeof InsightsQuery>

/** What changed for the cast, in ten seconds. */
export const overviewPages: FastifyPluginAsyncTypebox = async app => {
  const { config, scheduler, database: { db } } = app
  const { version } = app.live
  const dailyBudgetUsd = config.DAILY_BUDGET_USD ?? null
  const readNow = remember({
    everyMs: NOW_EVERY_MS,
    version,
    async work () {
      const [running, recently, next, pause, beginnings, breakers, today] = await Promise.all([
        readRunning(db),
        readRecently(db),
        readNextDue(db),
        readPause(db),
        readBeginnings(db),
        namedBreakers(app),
        dailyBudgetUsd === null ? null : readToday(db)
      ])
      const paused = { paused: pause.paused || config.RUNNER_PAUSED, pauseReason: pause.reason }
      return { ...running, ...paused, breakers, today, dailyBudgetUsd, recently, next, beginnings }
    }
  })
  const readInsights = rememberEach({
    everyMs: INSIGHTS_EVERY_MS,
    version,
    async work (query: InsightsQuery) {
      const choice = await readAppChoice(db, query.app)
      const { app, tabsFor } = choice
      const chosen = await readRange(db, query, app ?? FIRST_APP)
      const { from, to } = chosen
      const asked = { from, to, ...(app !== undefined && { app }) }
      const kept = { app: choice.kept, ...chosen.kept }
      const [modules, { problems, total }] = await Promise.all([
        readModuleLines(db, asked, kept),
        readNewestProblems(db, asked)
      ])
      const changed = await readWhatChanged(db, {
        ...modules,
        from,
        to,
        app: app ?? FIRST_APP,
        kept
      })
      return {
        ...modules,
        problems,
        changed,
        problemsTotal: total,
        apps: tabsFor('/', chosen.kept),
        range: pickRange(chosen, { path: '/', kept }),
        hints: [...choice.hints, ...chosen.hints],
        insights: address('/overview/insights', kept)
      }
    }
  })
  const runner = () => ({
    missing: scheduler.missing,
    schedule: config.TICK_SCHEDULE,
    nextPokeAt: scheduler.nextPokeAt()
  })

  app.get('/', { schema: { hide: true, querystring: InsightsQuery } }, async (request, reply) => {
    const [now, insights] = await Promise.all([
      readNow(isFresh(request)),
      readInsights(request.query, isFresh(request))
    ])
    return reply.view('overview.eta', {
      title: 'Overview',
      nav: 'overview',
      ...now,
      ...insights,
      ...runner()
    })
  })

  app.get(
    '/overview/now',
    { schema: { hide: true } },
    async (request, reply) =>
      reply.view('overview-now.eta', {
        title: 'Now',
        nav: 'overview',
        ...await readNow(isFresh(request)),
        ...runner()
      })
  )

  app.get(
    '/overview/insights',
    { schema: { hide: true, querystring: InsightsQuery } },
    async (request, reply) =>
      reply.view('overview-insights.eta', {
        title: 'Modules',
        nav: 'overview',
        ...await readInsights(request.query, isFresh(request))
      })
  )
}
