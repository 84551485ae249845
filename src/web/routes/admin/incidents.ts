import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { listIncidents } from '../../../analysis/incidents/repository.ts'
import { Incident, IncidentFilter } from '../../../analysis/incidents/schemas.ts'
import { errorsOf, ref } from '../ref.ts'

const common = { tags: ['admin'], security: [{ adminKey: [] }] }

/** Where somebody seems to have tried to steer a persona, or its prompt leaked. */
export const adminIncidentRoutes: FastifyPluginAsyncTypebox = async app => {
  app.get('/', {
    schema: {
      ...common,
      operationId: 'listIncidents',
      summary:
        'Suspected injections and prompt leaks, newest first; the ratings of their runs count nowhere',
      querystring: IncidentFilter,
      response: {
        200: Type.Object({
          incidents: Type.Array(ref(Incident)),
          nextCursor: Type.Union([Type.String(), Type.Null()])
        }),
        ...errorsOf(400, 401, 503)
      }
    }
  }, async request => listIncidents(app.database.db, request.query))
}
