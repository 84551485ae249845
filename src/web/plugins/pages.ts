import { join } from 'node:path'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import serveStatic from '@fastify/static'
import view from '@fastify/view'
import { Eta } from 'eta'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { modulePath } from '../dashboard/address.ts'
import * as format from '../dashboard/format.ts'
import { spark } from '../dashboard/spark.ts'
import { ForbiddenError, type AppError } from '../../platform/errors.ts'
import { pathOf } from '../../platform/paths.ts'
import { isSameOrigin } from '../sessions/origin.ts'
import { answerFor } from './error-handler.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** What every template of this answer gets besides its own data. */
    locals: {
      role?: 'admin' | 'viewer' | undefined
      path?: string
      fragment?: boolean
      healthLine?: object
    }
  }
}

export interface PagesOptions {
  /** Stands on every page, such as that nobody real speaks here. */
  notice?: string | undefined
}

const DASHBOARD = pathOf('src/web/dashboard')

/**
 * Nothing comes from another host, and nothing stands inline: what a persona wrote cannot become a
 * script.
 */
const POLICY = [
  "default-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'"
].join('; ')

/**
 * What pages need, for the scope it is registered in and not for the API: templates (`reply.view`),
 * assets, forms, headers that keep other sites out, and errors as pages.
 */
export default fp<PagesOptions>(async (app, options) => {
  await app.register(cookie)
  await app.register(formbody)
  await app.register(serveStatic, {
    root: join(DASHBOARD, 'assets'),
    prefix: '/assets/',
    decorateReply: false,
    schemaHide: true
  })
  await app.register(view, {
    engine: { eta: new Eta({ autoEscape: true, autoTrim: false }) },
    templates: join(DASHBOARD, 'templates'),
    layout: 'layout.eta',
    production: app.config.NODE_ENV !== 'development',
    defaultContext: { h: { ...format, spark, modulePath }, siteNotice: options.notice }
  })
  app.addHook('onRequest', async (request, reply) => {
    writeHeaders(request, reply)
    if (
      !['GET', 'HEAD'].includes(request.method) &&
      !isSameOrigin(request.headers, app.config.PUBLIC_URL)
    ) {
      throw new ForbiddenError(
        'This was not sent by a page of this site. Open the page itself and try again.'
      )
    }
    reply.locals = { path: request.url, fragment: request.headers['x-live'] !== undefined }
  })
  app.setErrorHandler(showError)
}, { name: 'pages', dependencies: ['env'] })

function writeHeaders (request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    // Not no-referrer: a form would then be sent with `Origin: null`, and older browsers say
    // nothing else about where it is from.
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin'
  })
  if (!request.url.startsWith('/assets/')) reply.header('cache-control', 'no-store')
}

/** A page that is not ready asks again so soon. */
const RETRY_SECONDS = 5

const TITLES: Record<number, string> = {
  400: 'That does not work',
  403: 'Not allowed',
  404: 'Nothing here',
  409: 'Not possible just now',
  429: 'Slow down',
  503: 'Not ready yet'
}

function showError (
  error: FastifyError | AppError,
  request: FastifyRequest,
  reply: FastifyReply
): FastifyReply {
  const { status, code, message, retryAfterSeconds } = answerFor(error, request.log)
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  const isRetried = status === 503 && request.method === 'GET'
  if (isRetried) reply.header('refresh', String(retryAfterSeconds ?? RETRY_SECONDS))
  return reply.code(status).view('error.eta', {
    isRetried,
    title: TITLES[status] ?? 'Something went wrong',
    nav: '',
    status,
    code,
    message
  })
}
