import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { listAppNames } from '../../../runner/apps/repository.ts'
import { personaPath } from '../../dashboard/address.ts'
import { EmailTakenError, PersonaNotFoundError } from '../../../platform/errors.ts'
import { newestSeedVersion } from '../../../platform/keys.ts'
import {
  getPersona,
  getPersonaByEmail,
  patchPersona,
  upsertPersona
} from '../../../personas/repository.ts'
import { TickCadence, type PersonaInput } from '../../../personas/schemas.ts'
import type { Queryable } from '../../../platform/db/database.ts'
import {
  EMPTY_FORM,
  explainRefusal,
  fieldsOf,
  readForm,
  type FieldErrors,
  type Fields
} from './persona-form.ts'

const PersonaId = Type.Object({ id: Type.String({ maxLength: 100 }) })
const FormBody = Type.Record(Type.String(), Type.String())

/** Creating and editing a persona. What was typed stays, whatever is wrong with it. */
export const personaEditPages: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  const showForm = async (
    reply: FastifyReply,
    about: { id: string | null, name: string, app?: string },
    fields: Fields,
    errors: FieldErrors = {}
  ) => {
    const apps = await listAppNames(db)
    return reply.code(Object.keys(errors).length > 0 ? 422 : 200).view('persona-form.eta', {
      title: about.id === null ? 'New persona' : `Edit ${about.name}`,
      nav: 'personas',
      about,
      fields: { ...EMPTY_FORM, ...fields },
      errors,
      cadences: TickCadence.enum,
      // A persona stays in its app: its account is there.
      apps: apps.length > 1 && about.id === null ? apps : [],
      app: apps.length > 1 ? about.app : undefined,
      action: about.id === null ? '/personas' : `${personaPath(about.id)}/edit`
    })
  }

  app.get(
    '/personas/new',
    { onRequest: app.pageSessions.adminOnly, schema: { hide: true } },
    async (_request, reply) => showForm(reply, { id: null, name: '' }, EMPTY_FORM)
  )

  app.post('/personas', { schema: { hide: true, body: FormBody } }, async (request, reply) => {
    const fields = request.body
    const saved = await save(fields, async input => {
      if (await emailExists(db, input.email)) throw new EmailTakenError(input.email)
      return (await upsertPersona(db, input, { passwordVersion: newestSeedVersion(app.config) }))
        .persona
    })
    return saved.ok
      ? reply.redirect(`${personaPath(saved.id)}?done=created`, 303)
      : showForm(reply, { id: null, name: '' }, fields, saved.errors)
  })

  app.get('/personas/:id/edit', {
    onRequest: app.pageSessions.adminOnly,
    schema: { hide: true, params: PersonaId }
  }, async (request, reply) => {
    const persona = await getPersona(db, request.params.id)
    return showForm(reply, persona, fieldsOf(persona))
  })

  app.post(
    '/personas/:id/edit',
    { schema: { hide: true, params: PersonaId, body: FormBody } },
    async (request, reply) => {
      const persona = await getPersona(db, request.params.id)
      const saved = await save(request.body, input => patchPersona(db, persona.id, input))
      return saved.ok
        ? reply.redirect(`${personaPath(saved.id)}?done=saved`, 303)
        : showForm(reply, persona, request.body, saved.errors)
    }
  )
}

type Saved = { ok: true, id: string } | { ok: false, errors: FieldErrors }

async function save (
  fields: Fields,
  write: (input: PersonaInput) => Promise<{ id: string }>
): Promise<Saved> {
  const read = readForm(fields)
  if (!read.ok) return read
  try {
    return { ok: true, id: (await write(read.input)).id }
  } catch (error) {
    return { ok: false, errors: explainRefusal(error) }
  }
}

/** Creating must not quietly change another persona, as the same email would. */
async function emailExists (db: Queryable, email: string): Promise<boolean> {
  try {
    await getPersonaByEmail(db, email)
    return true
  } catch (error) {
    if (error instanceof PersonaNotFoundError) return false
    throw error
  }
}
