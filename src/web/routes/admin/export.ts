import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { readInstant } from '../../../platform/db/instant.ts'
import { exportRows } from '../../../analysis/insights/export.ts'
import { SOURCES, type ExportName } from '../../../analysis/insights/export-sources.ts'
import { databaseNow } from '../../../analysis/insights/filters.ts'
import { errorsOf } from '../ref.ts'

const MEDIA_TYPES = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8'
}
const ABOUT: Record<ExportName, string> = {
  runs: 'All runs as a file, oldest first, without transcripts',
  actions: 'All actions as a file, oldest first, without what the tools answered',
  feedback:
    'All feedback as a file, oldest first; an answer that could not be read is a __parse row with raw text and no rating'
}
const ExportQuery = Type.Object({
  format: Type.Optional(Type.Enum(['csv', 'ndjson'], {
    default: 'ndjson',
    description: 'in CSV, text that a spreadsheet would run begins with an apostrophe'
  })),
  from: Type.Optional(
    Type.String({ format: 'date-time', description: 'default: from the beginning' })
  ),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'exclusive; default: now' }))
}, { additionalProperties: false })
const File = Type.Unsafe<Readable>({
  description: 'the file',
  content: {
    'text/csv': { schema: { type: 'string' } },
    'application/x-ndjson': { schema: { type: 'string' } }
  }
})

export const adminExportRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database
  for (const name of Object.keys(SOURCES) as ExportName[]) {
    app.get(`/${name}`, {
      // A HEAD request would read the whole table only to throw it away.
      exposeHeadRoute: false,
      schema: {
        operationId: `export${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
        summary: ABOUT[name],
        tags: ['admin'],
        security: [{ adminKey: [] }],
        querystring: ExportQuery,
        response: { 200: File, ...errorsOf(400, 401, 503) }
      }
    }, async (request, reply) => {
      const { format = 'ndjson', from, to } = request.query
      const range = {
        from: from === undefined ? null : readInstant(from, 'from'),
        to: to === undefined ? await databaseNow(db) : readInstant(to, 'to')
      }
      reply.type(MEDIA_TYPES[format]).header(
        'content-disposition',
        `attachment; filename="${name}.${format}"`
      )
      // Pages are read as the client takes them; when it goes away, the stream is destroyed and
      // reading ends.
      return reply.send(Readable.from(exportRows(db, name, format, range)))
    })
  }
}
