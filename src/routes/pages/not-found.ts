import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { PageNotFoundError } from '../../errors.ts'

/** An address that leads nowhere: a page for a reader, the usual answer for a program. */
export const notFoundPage: FastifyPluginAsyncTypebox = async app => {
  app.get('/*', { schema: { hide: true } }, async (request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    const forReader = String(request.headers.accept ?? '').includes('text/html') && !path.startsWith('/api/')
    if (!forReader) return reply.callNotFound()
    throw new PageNotFoundError(path)
  })
}
