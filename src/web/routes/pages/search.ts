import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { clean } from '../../../platform/text.ts'
import { searchAll } from '../../dashboard/search.ts'

const SearchQuery = Type.Object({ q: Type.Optional(Type.String({ maxLength: 200 })) })

/** Search over modules, personas, releases and runs; the palette shows the same list. */
export const searchPages: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get(
    '/search',
    { schema: { hide: true, querystring: SearchQuery } },
    async (request, reply) => {
      const q = (request.query.q ?? '').trim()
      return reply.view('search.eta', {
        title: 'Search',
        nav: '',
        q,
        hits: q === '' ? [] : await searchAll(db, clean(q))
      })
    }
  )
}
