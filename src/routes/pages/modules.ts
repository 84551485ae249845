import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { address, modulePath, personaPath } from '../../dashboard/address.ts'
import { countMixed, readHeatMap } from '../../dashboard/heat-map.ts'
import { isModule } from '../../dashboard/module.ts'
import { PageNotFoundError } from '../../errors.ts'
import { readScope } from '../../insights/filters.ts'
import { RANGES, readDays } from './days.ts'
import { describeModule, ModuleQuery } from './module.ts'

const HeatQuery = Type.Object({
  days: Type.Optional(Type.String({ maxLength: 4 })),
  show: Type.Optional(Type.String({ maxLength: 20 })),
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 }))
})

/** What the personas make of each module of the app. */
export const modulePages: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get('/modules', { schema: { hide: true, querystring: HeatQuery } }, async (request, reply) => {
    const { page = 1, show } = request.query
    const { days, from, kept: daysKept } = await readDays(db, request.query.days)
    const measure = show === 'friction' ? 'friction' : 'rating'
    const kept = { days: daysKept, show: measure === 'rating' ? undefined : measure }
    const scope = await readScope(db, { from })
    const [heat, mixed] = await Promise.all([readHeatMap(db, scope, measure, page), countMixed(db, scope, measure)])
    return reply.view('modules.eta', {
      title: 'Modules',
      nav: 'modules',
      ...heat,
      measure,
      mixed,
      measures: ['rating', 'friction'].map(name => ({ name, href: address('/modules', { ...kept, show: name }), isCurrent: name === measure })),
      ranges: RANGES.map(count => ({ name: `${count} days`, href: address('/modules', { ...kept, days: count }), isCurrent: count === days })),
      previous: page > 1 ? address('/modules', { ...kept, page: page - 1 }) : null,
      next: heat.hasMore ? address('/modules', { ...kept, page: page + 1 }) : null,
      links: { module: modulePath, persona: personaPath }
    })
  })

  app.get('/modules/:module', {
    schema: { hide: true, params: Type.Object({ module: Type.String({ maxLength: 128 }) }), querystring: ModuleQuery }
  }, async (request, reply) => {
    const { module } = request.params
    if (!await isModule(db, module)) throw new PageNotFoundError(request.url)
    return reply.view('module.eta', { title: module, nav: 'modules', ...await describeModule(db, module, request.query) })
  })
}
