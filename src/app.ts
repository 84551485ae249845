import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions
} from 'fastify'
import type { OpenDatabase } from './platform/db/database.ts'
import agent from './web/plugins/agent.ts'
import answerHeaders from './web/plugins/answer-headers.ts'
import apps from './web/plugins/apps.ts'
import auth from './web/plugins/auth.ts'
import database from './web/plugins/database.ts'
import dialler from './web/plugins/dialler.ts'
import env from './web/plugins/env.ts'
import errorHandler, { refuseUrl } from './web/plugins/error-handler.ts'
import folding from './web/plugins/folding.ts'
import findings from './web/plugins/findings.ts'
import hosts from './web/plugins/hosts.ts'
import judging from './web/plugins/judging.ts'
import { HTTP_LIMITS } from './web/plugins/http-limits.ts'
import { LAZY_SERIALIZERS } from './web/plugins/lazy-schemas.ts'
import live from './web/plugins/live.ts'
import openapi from './web/plugins/openapi.ts'
import overload from './web/plugins/overload.ts'
import pageSession from './web/plugins/page-session.ts'
import pages from './web/plugins/pages.ts'
import rateLimit from './web/plugins/rate-limit.ts'
import readiness from './web/plugins/readiness.ts'
import replica from './web/plugins/replica.ts'
import scheduler from './web/plugins/scheduler.ts'
import validation from './web/plugins/validation.ts'
import { adminAccountRoutes } from './web/routes/admin/account.ts'
import { adminAppRoutes } from './web/routes/admin/apps.ts'
import { adminDiaryRoutes } from './web/routes/admin/diary.ts'
import { adminExportRoutes } from './web/routes/admin/export.ts'
import { adminFindingRoutes } from './web/routes/admin/findings.ts'
import { adminIncidentRoutes } from './web/routes/admin/incidents.ts'
import { adminInsightRoutes } from './web/routes/admin/insights.ts'
import { adminPageSessionRoutes } from './web/routes/admin/page-sessions.ts'
import { adminPersonaRoutes } from './web/routes/admin/personas.ts'
import { adminReleaseRoutes, announceReleaseRoute } from './web/routes/admin/releases.ts'
import { adminRunnerRoutes } from './web/routes/admin/runner.ts'
import { adminRunRoutes } from './web/routes/admin/runs.ts'
import { adminToolRoutes } from './web/routes/admin/tools.ts'
import { diagRoutes } from './web/routes/diag.ts'
import { healthRoutes } from './web/routes/health.ts'
import { internalPersonaRoutes } from './web/routes/internal/personas.ts'
import { eventStream } from './web/routes/pages/events.ts'
import { findingPages } from './web/routes/pages/findings.ts'
import { addHealthLine } from './web/routes/pages/health-line.ts'
import { modulePages } from './web/routes/pages/modules.ts'
import { notFoundPage } from './web/routes/pages/not-found.ts'
import { overviewPages } from './web/routes/pages/overview.ts'
import { personaPages } from './web/routes/pages/personas.ts'
import { releasePages } from './web/routes/pages/releases.ts'
import { runnerPages } from './web/routes/pages/runner.ts'
import { runPages } from './web/routes/pages/runs.ts'
import { searchPages } from './web/routes/pages/search.ts'
import { signInPages } from './web/routes/pages/sign-in.ts'
import { toolPages } from './web/routes/pages/tools.ts'

export interface AppOptions {
  /** What the environment and `.env` hold together. */
  env: Record<string, string | undefined>
  logger?: FastifyServerOptions['logger']
  /** An open database for tests; closed with the app. */
  database?: OpenDatabase
  /**
   * Signs in to the pages once, without a key, where HOST is loopback. For the demo; no variable
   * sets it.
   */
  signInToken?: string
  /** Stands on every page. */
  pageNotice?: string
  /** How often ended runs are searched for findings. For tests, which search by themselves. */
  findingsEveryMs?: number
}

/** The whole application, in order of start-up. Not listening yet. */
export async function buildApp (options: AppOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    logger: options.logger ?? false,
    // Embedded storage takes seconds to initialise an empty folder.
    pluginTimeout: 120_000,
    ...HTTP_LIMITS,
    schemaController: LAZY_SERIALIZERS,
    forceCloseConnections: true,
    frameworkErrors: refuseUrl,
    // A module is named as its tools are: 128 characters, three bytes each where the address must
    // encode them.
    routerOptions: { maxParamLength: 400 }
  })
  try {
    await app.register(env, { env: options.env })
    app.log.level = levelOf(options, app.log, app.config.LOG_LEVEL)
    await app.register(answerHeaders)
    await app.register(hosts)
    await app.register(auth)
    await app.register(rateLimit)
    await app.register(errorHandler)
    await app.register(overload)
    await app.register(validation)
    await app.register(openapi)
    await app.register(database, { database: options.database })
    await app.register(dialler)
    await app.register(apps)
    await app.register(agent)
    await app.register(scheduler)
    await app.register(replica)
    await app.register(folding)
    await app.register(judging)
    await app.register(findings, { everyMs: options.findingsEveryMs })

    await app.register(healthRoutes)
    await app.register(async guarded => {
      await guarded.register(readiness)
      await guarded.register(internalPersonaRoutes, { prefix: '/internal/personas' })
      await guarded.register(announceReleaseRoute, { prefix: '/admin/releases' })
      await guarded.register(async admin => {
        admin.addHook('onRequest', admin.guards.admin)
        await admin.register(adminPersonaRoutes, { prefix: '/personas' })
        await admin.register(adminDiaryRoutes, { prefix: '/personas' })
        await admin.register(adminAccountRoutes, { prefix: '/personas' })
        await admin.register(adminRunRoutes, { prefix: '/runs' })
        await admin.register(adminRunnerRoutes, { prefix: '/runner' })
        await admin.register(adminInsightRoutes, { prefix: '/insights' })
        await admin.register(adminExportRoutes, { prefix: '/export' })
        await admin.register(adminReleaseRoutes, { prefix: '/releases' })
        await admin.register(adminFindingRoutes, { prefix: '/findings' })
        await admin.register(adminIncidentRoutes, { prefix: '/incidents' })
        await admin.register(adminToolRoutes, { prefix: '/tools' })
        await admin.register(adminAppRoutes, { prefix: '/apps' })
        await admin.register(adminPageSessionRoutes, { prefix: '/page-sessions' })
      }, { prefix: '/admin' })
    }, { prefix: '/api/v1' })
    if (app.config.DIAGNOSTICS ?? app.config.NODE_ENV !== 'production') {
      await app.register(diagRoutes, { prefix: '/diag' })
    }

    await app.register(async site => {
      await site.register(pages, { notice: options.pageNotice })
      await site.register(pageSession, { signInToken: options.signInToken })
      await site.register(live)
      await site.register(notFoundPage)
      await site.register(async ready => {
        await ready.register(readiness)
        await ready.register(signInPages)
        await ready.register(async signedIn => {
          signedIn.addHook('onRequest', signedIn.pageSessions.guard)
          addHealthLine(signedIn)
          await signedIn.register(overviewPages)
          await signedIn.register(personaPages)
          await signedIn.register(runPages)
          await signedIn.register(modulePages)
          await signedIn.register(findingPages)
          await signedIn.register(releasePages)
          await signedIn.register(runnerPages)
          await signedIn.register(toolPages)
          await signedIn.register(searchPages)
          await signedIn.register(eventStream)
        })
      })
    })
    return app
  } catch (error) {
    await app.close().catch(() => {})
    throw error
  }
}

/** A silent logger stays silent. */
function levelOf (options: AppOptions, log: FastifyBaseLogger, configured: string): string {
  return options.logger === undefined || options.logger === false ? log.level : configured
}
