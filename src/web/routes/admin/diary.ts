import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { fitDiary } from '../../../personas/diaries/diary.ts'
import { deleteDiary, loadDiary, saveDiary } from '../../../personas/diaries/repository.ts'
import { DiarySchema } from '../../../personas/diaries/schemas.ts'
import { forkPersona, getPersona } from '../../../personas/repository.ts'
import { Email, Persona } from '../../../personas/schemas.ts'
import { errorsOf, ref } from '../ref.ts'

const PersonaId = Type.Object({ id: Type.String({ maxLength: 100 }) })
const common = { tags: ['admin'], security: [{ adminKey: [] }] }

/** What a persona remembers, and a second persona with or without that memory. */
export const adminDiaryRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get('/:id/diary', {
    schema: {
      ...common,
      operationId: 'getDiary',
      summary: 'What a persona remembers',
      params: PersonaId,
      response: { 200: ref(DiarySchema), ...errorsOf(401, 404, 503) }
    }
  }, async request => {
    const { id } = await getPersona(db, request.params.id)
    return loadDiary(db, id)
  })

  app.put('/:id/diary', {
    schema: {
      ...common,
      operationId: 'putDiary',
      summary: 'Rewrite what a persona remembers; above the cap the oldest entries leave',
      params: PersonaId,
      body: ref(DiarySchema),
      response: { 200: ref(DiarySchema), ...errorsOf(400, 401, 404, 503) }
    }
  }, async request => {
    const { id } = await getPersona(db, request.params.id)
    const diary = fitDiary(request.body)
    await saveDiary(db, id, diary)
    return diary
  })

  app.delete('/:id/diary', {
    schema: {
      ...common,
      operationId: 'deleteDiary',
      summary: 'Let a persona forget everything',
      params: PersonaId,
      response: { 204: Type.Null(), ...errorsOf(401, 404, 503) }
    }
  }, async (request, reply) => {
    const { id } = await getPersona(db, request.params.id)
    await deleteDiary(db, id)
    return reply.code(204).send(null)
  })

  app.post('/:id/fork', {
    schema: {
      ...common,
      operationId: 'forkPersona',
      summary:
        'A second persona of the same character, with or without the diary; it needs an account of its own in the app',
      params: PersonaId,
      body: Type.Object({
        email: Email,
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
        withDiary: Type.Boolean()
      }, { additionalProperties: false }),
      response: { 201: ref(Persona), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async (request, reply) => {
    const { email, name, withDiary } = request.body
    const fork = await db.transaction().execute(async trx => {
      const persona = await forkPersona(trx, request.params.id, { email, name })
      if (withDiary) await saveDiary(trx, persona.id, await loadDiary(trx, request.params.id))
      return persona
    })
    return reply.code(201).send(fork)
  })
}
