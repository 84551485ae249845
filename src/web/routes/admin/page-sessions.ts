import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { closeAllSessions } from '../../sessions/repository.ts'
import { errorsOf } from '../ref.ts'

export const adminPageSessionRoutes: FastifyPluginAsyncTypebox = async app => {
  app.delete('/', {
    schema: {
      operationId: 'signOutEverywhere',
      summary: 'Sign everybody out of the pages, in all browsers',
      tags: ['admin'],
      security: [{ adminKey: [] }],
      response: {
        200: Type.Object({ ended: Type.Integer({ description: 'sessions' }) }),
        ...errorsOf(401, 503)
      }
    }
  }, async () => ({ ended: await closeAllSessions(app.database.db) }))
}
