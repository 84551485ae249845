import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppName, FIRST_APP } from '../../../personas/app-name.ts'
import {
  addRelease,
  changeRelease,
  deleteRelease,
  getRelease,
  hasGoneLive,
  listReleases,
  liveVersion
} from '../../../analysis/releases/repository.ts'
import { Release, ReleaseChange, ReleaseInput } from '../../../analysis/releases/schemas.ts'
import { ReleaseNotLiveError } from '../../../platform/errors.ts'
import { describeRelease } from '../../../analysis/verdicts/describe-release.ts'
import { ReleaseVerdicts } from '../../../analysis/verdicts/look-schemas.ts'
import { errorsOf, ref } from '../ref.ts'

const common = { tags: ['admin'], security: [{ adminKey: [] }] }
const DEFAULT_LIMIT = 100

const OfApp = Type.Optional({
  ...AppName,
  default: FIRST_APP,
  description: `the app that it is of; default: ${FIRST_APP}`
})
const Version = Type.Object({ version: Type.String({ maxLength: 100 }) })
const AppQuery = Type.Object({ app: OfApp }, { additionalProperties: false })

/** The one route that a deploy key opens. */
export const announceReleaseRoute: FastifyPluginAsyncTypebox = async app => {
  app.addHook('onRequest', app.guards.deploy)

  app.post('/', {
    schema: {
      ...common,
      security: [{ adminKey: [] }, { deployKey: [] }],
      operationId: 'addRelease',
      summary: 'Say when a version of an app went live, or goes; the same once more answers 200',
      body: ref(ReleaseInput),
      response: { 200: ref(Release), 201: ref(Release), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async (request, reply) => {
    const { release, created } = await addRelease(app.database.db, request.body)
    return reply.code(created ? 201 : 200).send(release)
  })
}

/**
 * The versions of the apps that personas live in; each run carries the one that was live when it
 * began.
 */
export const adminReleaseRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get('/', {
    schema: {
      ...common,
      operationId: 'listReleases',
      summary: 'Versions of an app, newest first, and the one that is live',
      querystring: Type.Object({
        app: OfApp,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: DEFAULT_LIMIT })),
        after: Type.Optional(
          Type.String({ maxLength: 100, description: 'nextCursor of the page before' })
        )
      }, { additionalProperties: false }),
      response: {
        200: Type.Object({
          releases: Type.Array(ref(Release)),
          live: Type.Union([Type.String(), Type.Null()], {
            description: 'null: none is known, or none is live yet'
          }),
          nextCursor: Type.Union([Type.String(), Type.Null()], {
            description: 'null: there are no more'
          })
        }),
        ...errorsOf(400, 401, 404, 503)
      }
    }
  }, async ({ query: { app = FIRST_APP, limit = DEFAULT_LIMIT, after } }) => {
    const [page, live] = await Promise.all([
      listReleases(db, { app, limit, after }),
      liveVersion(db, app)
    ])
    return { ...page, live }
  })

  app.get(
    '/:version',
    {
      schema: {
        ...common,
        operationId: 'getRelease',
        summary: 'One version of an app',
        params: Version,
        querystring: AppQuery,
        response: { 200: ref(Release), ...errorsOf(400, 401, 404, 503) }
      }
    },
    async ({ params: { version }, query: { app = FIRST_APP } }) => getRelease(db, { app, version })
  )

  app.get('/:version/verdicts', {
    schema: {
      ...common,
      operationId: 'releaseVerdicts',
      summary:
        'What the release did to each module, look by look; a verdict once given stays (docs/verdicts.md)',
      params: Version,
      querystring: AppQuery,
      response: { 200: ref(ReleaseVerdicts), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async ({ params: { version }, query: { app = FIRST_APP } }) => {
    if (!await hasGoneLive(db, { app, version })) throw new ReleaseNotLiveError(version)
    return describeRelease(db, { app, version })
  })

  app.patch(
    '/:version',
    {
      schema: {
        ...common,
        operationId: 'changeRelease',
        summary: 'Change what is known of a release; runs that began under it keep its name',
        params: Version,
        querystring: AppQuery,
        body: ref(ReleaseChange),
        response: { 200: ref(Release), ...errorsOf(400, 401, 404, 503) }
      }
    },
    async ({ params: { version }, query: { app = FIRST_APP }, body }) =>
      changeRelease(db, { app, version }, body)
  )

  app.delete('/:version', {
    schema: {
      ...common,
      operationId: 'deleteRelease',
      summary: 'Forget a release that was named by mistake; runs that began under it keep its name',
      params: Version,
      querystring: AppQuery,
      response: { 204: Type.Null(), ...errorsOf(400, 401, 404, 503) }
    }
  }, async ({ params: { version }, query: { app = FIRST_APP } }, reply) => {
    await deleteRelease(db, { app, version })
    return reply.code(204).send(null)
  })
}
