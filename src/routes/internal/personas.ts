import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ActionBatch, Written } from '../../actions/schemas.ts'
import { appendActions } from '../../actions/repository.ts'
import { FeedbackBatch } from '../../feedback/schemas.ts'
import { appendFeedback } from '../../feedback/repository.ts'
import { activePersona, getPersona, listDue } from '../../personas/repository.ts'
import { Persona } from '../../personas/schemas.ts'
import { PersonaNotFoundError } from '../../errors.ts'
import { errorsOf, ref } from '../ref.ts'

const PersonaId = Type.Object({ id: Type.String({ maxLength: 100 }) })
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
        200: Type.Object({ personas: Type.Array(ref(Persona)), serverTime: Type.String({ format: 'date-time' }) }),
        ...errorsOf(400, 401, 503)
      }
    }
  }, request => listDue(db, { limit: request.query.limit ?? 1000 }))

  app.post('/:id/actions', {
    schema: {
      ...common,
      operationId: 'appendActions',
      summary: 'What a persona did: stored once however often it is sent; counts as being active',
      params: PersonaId,
      body: ref(ActionBatch),
      response: { 200: ref(Written), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async ({ params: { id: personaId }, body: { actions, offset } }) => {
    const written = await appendActions(db, { personaId, active: activePersona(personaId), actions, offset })
    if (written === undefined) throw new PersonaNotFoundError(personaId)
    return { ok: true as const, written }
  })

  app.post('/:id/feedback', {
    schema: {
      ...common,
      operationId: 'appendFeedback',
      summary: 'How a persona rates what it used: one rating per module per tick',
      params: PersonaId,
      body: ref(FeedbackBatch),
      response: { 200: ref(Written), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async request => db.transaction().execute(async trx => {
    const persona = await getPersona(trx, request.params.id)
    return { ok: true as const, written: await appendFeedback(trx, persona.id, request.body.feedback) }
  }))
}
