import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { isModule } from '../../dashboard/module.ts'
import { rememberEach } from '../../dashboard/remember.ts'
import { PageNotFoundError } from '../../../platform/errors.ts'
import { describeHeatMap, HeatQuery } from './heat-map.ts'
import { isFresh } from './is-fresh.ts'
import { describeModule, ModuleQuery } from './module.ts'

/** For live pages: insights that walk over a month of rows. */
const EVERY_MS = 3000

/** What the personas make of each module of the app. */
export const modulePages: FastifyPluginAsyncTypebox = async app => {
  const { live: { version }, database: { db } } = app
  const readHeat = rememberEach({
    everyMs: EVERY_MS,
    version,
    work: (query: HeatQuery) => describeHeatMap(db, query)
  })
  const readModule = rememberEach({
    everyMs: EVERY_MS,
    version,
    work: ({ module, query }: { module: string, query: ModuleQuery }) =>
      describeModule(db, module, query)
  })

  app.get(
    '/modules',
    { schema: { hide: true, querystring: HeatQuery } },
    async (request, reply) =>
      reply.view('modules.eta', {
        title: 'Modules',
        nav: 'modules',
        ...await readHeat(request.query, isFresh(request))
      })
  )

  app.get('/modules/:module', {
    schema: {
      hide: true,
      params: Type.Object({ module: Type.String({ maxLength: 128 }) }),
      querystring: ModuleQuery
    }
  }, async (request, reply) => {
    const { module } = request.params
    if (!await isModule(db, module)) throw new PageNotFoundError(request.url)
    return reply.view('module.eta', {
      title: module,
      nav: 'modules',
      ...await readModule({ module, query: request.query }, isFresh(request))
    })
  })
}
