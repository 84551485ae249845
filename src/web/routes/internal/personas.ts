import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ActionBatch, Written } from '../../../runner/actions/schemas.ts'
import { appendActions } from '../../../runner/actions/repository.ts'
import { FeedbackBatch, FeedbackWritten, ratingOf } from '../../../analysis/feedback/schemas.ts'
import { appendFeedback } from '../../../analysis/feedback/repository.ts'
import { activePersona, getPersona, listDue } from '../../../personas/repository.ts'
import { Persona } from '../../../personas/schemas.ts'
import { PersonaNotFoundError } from '../../../platform/errors.ts'
import { errorsOf, ref } from '../ref.ts'

const PersonaId = Type.Object({
  userId: Type.String({ maxLength: 100, description: '`userId` of a persona that is due' })
})
const common = { tags: ['internal'], security: [{ serviceKey: [] }] }

/** The contract for other runners. The runner of this process calls the same repositories. */
export const internalPersonaRoutes: FastifyPluginAsyncTypebox = async app => {
  app.addHook('onRequest', app.guards.service)
  const { db } = app.database

  app.get('/due', {
    schema: {
      ...common,
      operationId: 'listDuePersonas',
      summary: 'Who is due now: never-run first, then the stalest',
      querystring: Type.Object({
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 1000 }))
      }, { additionalProperties: false }),
      response: {
        200: Type.Object({
          personas: Type.Array(ref(Persona)),
          serverTime: Type.String({ format: 'date-time' })
        }),
        ...errorsOf(400, 401, 503)
      }
    }
  }, request => listDue(db, { limit: request.query.limit ?? 1000 }))

  app.post('/:userId/actions', {
    schema: {
      ...common,
      operationId: 'appendActions',
      summary: 'What a persona did: stored once however often it is sent; counts as being active',
      params: PersonaId,
      body: ref(ActionBatch),
      response: { 200: ref(Written), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async ({ params: { userId: personaId }, body: { actions, offset } }) => {
    const written = await appendActions(db, {
      personaId,
      active: activePersona(personaId),
      actions,
      offset
    })
    if (written === undefined) throw new PersonaNotFoundError(personaId)
    return { ok: true as const, written }
  })

  app.post('/:userId/feedback', {
    schema: {
      ...common,
      operationId: 'appendFeedback',
      summary: 'How a persona rates what it used: one rating per module per tick',
      description:
        'A row of the module __parse, and one whose rating is null, is stored without a number and named in withoutRating.',
      params: PersonaId,
      body: ref(FeedbackBatch),
      response: { 200: ref(FeedbackWritten), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async ({ params, body: { feedback } }) =>
    db.transaction().execute(async trx => {
      const persona = await getPersona(trx, params.userId)
      const written = await appendFeedback(trx, persona.id, feedback)
      const withoutRating = feedback.filter(row => ratingOf(row) === null).map((
        { tickId, module }
      ) => ({ tickId, module }))
      return { ok: true as const, written, ...(withoutRating.length > 0 && { withoutRating }) }
    }))
}
