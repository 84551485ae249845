import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { addRelease, listReleases, liveVersion } from '../../releases/repository.ts'
import { Release, ReleaseInput } from '../../releases/schemas.ts'
import { errorsOf, ref } from '../ref.ts'

const common = { tags: ['admin'], security: [{ adminKey: [] }] }
const DEFAULT_LIMIT = 100

/** The versions of the app that the personas live in; each run carries the one that was live when it began. */
export const adminReleaseRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.post('/', {
    schema: {
      ...common,
      operationId: 'addRelease',
      summary: 'Say when a version of the app went live, or goes; the same once more answers 200',
      body: ref(ReleaseInput),
      response: { 200: ref(Release), 201: ref(Release), ...errorsOf(400, 401, 409, 503) }
    }
  }, async (request, reply) => {
    const { release, created } = await addRelease(db, request.body)
    return reply.code(created ? 201 : 200).send(release)
  })

  app.get('/', {
    schema: {
      ...common,
      operationId: 'listReleases',
      summary: 'Versions of the app, newest first, and the one that is live',
      querystring: Type.Object({
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: DEFAULT_LIMIT }))
      }, { additionalProperties: false }),
      response: {
        200: Type.Object({
          releases: Type.Array(ref(Release)),
          live: Type.Union([Type.String(), Type.Null()], { description: 'null: none is known, or none is live yet' })
        }),
        ...errorsOf(400, 401, 503)
      }
    }
  }, async request => {
    const [releases, live] = await Promise.all([listReleases(db, request.query.limit ?? DEFAULT_LIMIT), liveVersion(db)])
    return { releases, live }
  })
}
