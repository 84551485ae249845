import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  decideFinding,
  fileFinding,
  mergeFinding,
  splitFinding
} from '../../../analysis/findings/decide.ts'
import { describeFinding } from '../../../analysis/findings/detail.ts'
import { listFindingEvents, listFindings } from '../../../analysis/findings/read-findings.ts'
import {
  Finding,
  FindingDecision,
  FindingDetail,
  FindingEvent,
  FindingFilter,
  FindingId,
  Verification
} from '../../../analysis/findings/schemas.ts'
import { verifyFinding } from '../../../runner/verification/verify-finding.ts'
import { readFindingText } from '../finding-view.ts'
import { errorsOf, ref } from '../ref.ts'

const common = { tags: ['admin'], security: [{ adminKey: [] }] }
const OneFinding = Type.Object({ id: FindingId })
const Markdown = Type.Unsafe<string>({
  description: 'the text',
  content: { 'text/markdown': { schema: { type: 'string' } } }
})
const Detail = { 200: ref(FindingDetail), ...errorsOf(400, 401, 404, 503) }
const Changed = { 200: ref(FindingDetail), ...errorsOf(400, 401, 404, 409, 503) }

/** What is wrong with the apps: found in the rows of runs, kept with a state. */
export const adminFindingRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get('/', {
    schema: {
      ...common,
      operationId: 'listFindings',
      summary: 'What is wrong, what hurts most first (docs/findings.md)',
      querystring: FindingFilter,
      response: {
        200: Type.Object({
          findings: Type.Array(ref(Finding)),
          nextCursor: Type.Union([Type.String(), Type.Null()], {
            description: 'null: there are no more'
          })
        }),
        ...errorsOf(400, 401, 404, 503)
      }
    }
  }, async request => listFindings(db, request.query))

  app.get('/:id', {
    schema: {
      ...common,
      operationId: 'getFinding',
      summary: 'One finding: whom it hits, since when, with its evidence',
      params: OneFinding,
      response: Detail
    }
  }, async ({ params: { id } }) => describeFinding(db, id))

  app.get('/:id/markdown', {
    schema: {
      ...common,
      operationId: 'findingAsMarkdown',
      summary:
        'The finding as text for an issue tracker; where REPOSITORY_URL is set, the Link header files it',
      params: OneFinding,
      response: { 200: Markdown, ...errorsOf(400, 401, 404, 503) }
    }
  }, async ({ params: { id } }, reply) => {
    const { markdown, newIssueUrl } = await readFindingText(app, await describeFinding(db, id))
    if (newIssueUrl !== null) reply.header('Link', `<${newIssueUrl}>; rel="create-form"`)
    reply.type('text/markdown; charset=utf-8')
    return markdown
  })

  app.get('/:id/timeline', {
    schema: {
      ...common,
      operationId: 'findingTimeline',
      summary: 'Everything that happened to a finding, oldest first',
      params: OneFinding,
      response: {
        200: Type.Object({ events: Type.Array(ref(FindingEvent)) }),
        ...errorsOf(400, 401, 404, 503)
      }
    }
  }, async ({ params: { id } }) => ({ events: await listFindingEvents(db, id) }))

  app.post('/:id/state', {
    schema: {
      ...common,
      operationId: 'decideFinding',
      summary: 'Resolve or ignore a finding, or open it again',
      params: OneFinding,
      body: ref(FindingDecision),
      response: Changed
    }
  }, async ({ params: { id }, body }) => {
    await decideFinding(db, id, body)
    return describeFinding(db, id)
  })

  app.post(
    '/:id/verify',
    {
      schema: {
        ...common,
        operationId: 'verifyFinding',
        summary: 'Make the calls of the finding again, and say whether it is still there',
        params: OneFinding,
        body: Type.Object({
          personaId: Type.Optional(Type.String({
            format: 'uuid',
            description: 'whose account is used; left out: that of the persona that met it'
          }))
        }, { additionalProperties: false, examples: [{}] }),
        response: { 200: ref(Verification), ...errorsOf(400, 401, 404, 409, 503) }
      }
    },
    async ({ params: { id }, body: { personaId } }) =>
      verifyFinding(db, app.apps.find, { finding: id, personaId })
  )

  app.post('/:id/merge', {
    schema: {
      ...common,
      operationId: 'mergeFinding',
      summary: 'Make this finding a part of another one of the same app',
      params: OneFinding,
      body: Type.Object({ into: FindingId }, {
        additionalProperties: false,
        examples: [{ into: '7' }]
      }),
      response: Changed
    }
  }, async ({ params: { id }, body: { into } }) => {
    await mergeFinding(db, id, into)
    return describeFinding(db, into)
  })

  app.post(
    '/:id/split',
    {
      schema: {
        ...common,
        operationId: 'splitFinding',
        summary: 'Give one fingerprint of a merged finding a finding of its own again',
        params: OneFinding,
        body: Type.Object({ fingerprint: Type.String({ pattern: '^[0-9a-f]{8,64}$' }) }, {
          additionalProperties: false,
          examples: [{ fingerprint: '6f1ed002ab5595859014ebf0951522d9' }]
        }),
        response: Changed
      }
    },
    async ({ params: { id }, body }) =>
      describeFinding(db, await splitFinding(db, id, body.fingerprint))
  )

  app.patch('/:id', {
    schema: {
      ...common,
      operationId: 'fileFinding',
      summary: 'Keep the address of the issue that was filed for the finding',
      params: OneFinding,
      body: Type.Object({
        trackerUrl: Type.Union([
          Type.String({ pattern: '^https?://[^\\s/]+', maxLength: 2000 }),
          Type.Null()
        ], { description: 'begins with http:// or https://; null: it is not filed any more' })
      }, { additionalProperties: false, examples: [{ trackerUrl: 'https://git.example.com/7' }] }),
      response: Changed
    }
  }, async ({ params: { id }, body: { trackerUrl } }) => {
    await fileFinding(db, id, trackerUrl)
    return describeFinding(db, id)
  })
}
