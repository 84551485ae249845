import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { OpenDatabase } from './db/database.ts'
import agent from './plugins/agent.ts'
import answerHeaders from './plugins/answer-headers.ts'
import apps from './plugins/apps.ts'
import auth from './plugins/auth.ts'
import database from './plugins/database.ts'
import dialler from './plugins/dialler.ts'
import env from './plugins/env.ts'
import errorHandler, { refuseUrl } from './plugins/error-handler.ts'
import folding from './plugins/folding.ts'
import hosts from './plugins/hosts.ts'
import judging from './plugins/judging.ts'
import { HTTP_LIMITS } from './plugins/http-limits.ts'
import { LAZY_SERIALIZERS } from './plugins/lazy-schemas.ts'
import live from './plugins/live.ts'
import openapi from './plugins/openapi.ts'
import overload from './plugins/overload.ts'
import pageSession from './plugins/page-session.ts'
import pages from './plugins/pages.ts'
import rateLimit from './plugins/rate-limit.ts'
import readiness from './plugins/readiness.ts'
import replica from './plugins/replica.ts'
import scheduler from './plugins/scheduler.ts'
import validation from './plugins/validation.ts'
import { adminAccountRoutes } from './routes/admin/account.ts'
import { adminAppRoutes } from './routes/admin/apps.ts'
import { adminDiaryRoutes } from './routes/admin/diary.ts'
import { adminExportRoutes } from './routes/admin/export.ts'
import { adminIncidentRoutes } from './routes/admin/incidents.ts'
import { adminInsightRoutes } from './routes/admin/insights.ts'
import { adminPageSessionRoutes } from './routes/admin/page-sessions.ts'
import { adminPersonaRoutes } from './routes/admin/personas.ts'
import { adminReleaseRoutes, announceReleaseRoute } from './routes/admin/releases.ts'
import { adminRunnerRoutes } from './routes/admin/runner.ts'
import { adminRunRoutes } from './routes/admin/runs.ts'
import { adminToolRoutes } from './routes/admin/tools.ts'
import { diagRoutes } from './routes/diag.ts'
import { healthRoutes } from './routes/health.ts'
import { internalPersonaRoutes } from './routes/internal/personas.ts'
import { eventStream } from './routes/pages/events.ts'
import { modulePages } from './routes/pages/modules.ts'
import { notFoundPage } from './routes/pages/not-found.ts'
import { overviewPages } from './routes/pages/overview.ts'
import { personaPages } from './routes/pages/personas.ts'
import { releasePages } from './routes/pages/releases.ts'
import { runnerPages } from './routes/pages/runner.ts'
import { runPages } from './routes/pages/runs.ts'
import { signInPages } from './routes/pages/sign-in.ts'
import { toolPages } from './routes/pages/tools.ts'

export interface AppOptions {
  /** What the environment and `.env` hold together. */
  env: Record<string, string | undefined>
  logger?: FastifyServerOptions['logger']
  /** An open database for tests; closed with the app. */
  database?: OpenDatabase
  /** Signs in to the pages once, without a key, where HOST is loopback. For the demo; no variable sets it. */
  signInToken?: string
  /** Stands on every page. */
  pageNotice?: string
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
    // A module is named as its tools are: 128 characters, three bytes each where the address must encode them.
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
        await admin.register(adminIncidentRoutes, { prefix: '/incidents' })
        await admin.register(adminToolRoutes, { prefix: '/tools' })
        await admin.register(adminAppRoutes, { prefix: '/apps' })
        await admin.register(adminPageSessionRoutes, { prefix: '/page-sessions' })
      }, { prefix: '/admin' })
    }, { prefix: '/api/v1' })
    if (app.config.DIAGNOSTICS ?? app.config.NODE_ENV !== 'production') await app.register(diagRoutes, { prefix: '/diag' })

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
          await signedIn.register(overviewPages)
          await signedIn.register(personaPages)
          await signedIn.register(runPages)
          await signedIn.register(modulePages)
          await signedIn.register(releasePages)
          await signedIn.register(runnerPages)
          await signedIn.register(toolPages)
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
