import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { PageNotFoundError } from '../../../platform/errors.ts'

/** An address that leads nowhere: a page for a reader, the usual answer for a program. */
export const notFoundPage: FastifyPluginAsyncTypebox = async app => {
  /** Who is signed in keeps the way to all other pages. */
  const roleIn = async (request: FastifyRequest) =>
    app.database.isReady() ? await app.pageSessions.roleIn(request) : null

  app.get('/*', { schema: { hide: true } }, async (request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    const forReader = String(request.headers.accept ?? '').includes('text/html') &&
      !path.startsWith('/api/')
    if (!forReader) return reply.callNotFound()
    reply.locals = { ...reply.locals, role: await roleIn(request) ?? undefined }
    throw new PageNotFoundError(path)
  })
}
