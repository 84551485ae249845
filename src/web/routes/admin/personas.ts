import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { countRecentActions, latestActions } from '../../../runner/actions/repository.ts'
import { Action } from '../../../runner/actions/schemas.ts'
import { summariseModules } from '../../../analysis/feedback/repository.ts'
import { ModuleSummary } from '../../../analysis/feedback/schemas.ts'
import { checkPassword, storeAccount } from '../../../runner/accounts/vault.ts'
import { FIRST_APP } from '../../../personas/app-name.ts'
import { signUpIn } from '../../../runner/apps/sign-up.ts'
import {
  deletePersona,
  findAppOf,
  getPersona,
  listPersonas,
  patchPersona,
  setPaused,
  upsertPersona
} from '../../../personas/repository.ts'
import {
  Persona,
  PersonaFilter,
  PersonaPatch,
  type PersonaInput
} from '../../../personas/schemas.ts'
import { AppNotFoundError, BadRequestError, RunnerOffError } from '../../../platform/errors.ts'
import { newestSeedVersion, readSeedSecrets } from '../../../platform/keys.ts'
import { runNow } from '../../../runner/runs/tick.ts'
import { errorsOf, ref } from '../ref.ts'
import { PersonaBody, StoredPersona } from './persona-body.ts'

const PersonaId = Type.Object({ id: Type.String({ maxLength: 100 }) })
const common = { tags: ['admin'], security: [{ adminKey: [] }] }
const LATEST_ACTIONS = 20
const SIGN_UP_MS = 12_000

export const adminPersonaRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  /** With its password, or neither. */
  async function upsertWithPassword (input: PersonaInput, password: string) {
    const name = input.app ?? await findAppOf(db, input.email) ?? FIRST_APP
    const { accountKind } = await app.apps.find(name).catch((error: unknown) => {
      throw error instanceof AppNotFoundError
        ? new BadRequestError(`body/app: ${error.message}`)
        : error
    })
    checkPassword(app.apps.vault, 'body/password', accountKind)
    return db.transaction().execute(async trx => {
      const upserted = await upsertPersona(trx, input, {
        passwordVersion: newestSeedVersion(app.config)
      })
      await storeAccount(
        { ...app.apps.vault, db: trx },
        upserted.persona.id,
        { password },
        accountKind
      )
      return upserted
    })
  }

  app.post('/', {
    schema: {
      ...common,
      operationId: 'upsertPersona',
      summary:
        'Create a persona, or update the one with the same email; what is left out stays as it was',
      description:
        'A password is kept as what the persona signs in with, encrypted, in place of the derived one; it never comes out again. With signUp the app gets an account for it; whatever becomes of that, the persona is kept, and the same request tries again.',
      body: PersonaBody,
      response: { 200: StoredPersona, 201: StoredPersona, ...errorsOf(400, 401, 409, 503) }
    }
  }, async (request, reply) => {
    const { password, signUp: wantsAccount = false, ...input } = request.body
    const { persona, created } = password === undefined
      ? await upsertPersona(db, input, { passwordVersion: newestSeedVersion(app.config) })
      : await upsertWithPassword(input, password)
    const signUp = wantsAccount
      ? await signUpIn(await app.apps.find(persona.app), persona, AbortSignal.timeout(SIGN_UP_MS))
      : undefined
    return reply.code(created ? 201 : 200).send({
      ...persona,
      ...(signUp !== undefined && { signUp })
    })
  })

  app.get('/', {
    schema: {
      ...common,
      operationId: 'listPersonas',
      summary: 'Personas in order of email, each with its number of actions in the last 7 days',
      querystring: PersonaFilter,
      response: {
        200: Type.Object({
          personas: Type.Array(Type.Object({ ...Persona.properties, actions7d: Type.Integer() })),
          total: Type.Integer(),
          nextCursor: Type.Union([Type.String(), Type.Null()])
        }),
        ...errorsOf(400, 401, 503)
      }
    }
  }, async request => {
    const page = await listPersonas(db, request.query)
    const counts = await countRecentActions(db, page.personas.map(persona => persona.id))
    return {
      ...page,
      personas: page.personas.map(persona => ({
        ...persona,
        actions7d: counts.get(persona.id) ?? 0
      }))
    }
  })

  app.get('/:id', {
    schema: {
      ...common,
      operationId: 'getPersona',
      summary:
        'A persona with its latest actions and, per module, number, mean and latest of its ratings',
      params: PersonaId,
      response: {
        200: Type.Object({
          persona: ref(Persona),
          latestActions: Type.Array(ref(Action)),
          modules: Type.Array(ref(ModuleSummary))
        }),
        ...errorsOf(401, 404, 503)
      }
    }
  }, async request => {
    const persona = await getPersona(db, request.params.id)
    const [actions, modules] = await Promise.all([
      latestActions(db, persona.id, LATEST_ACTIONS),
      summariseModules(db, persona.id)
    ])
    return { persona, latestActions: actions, modules }
  })

  app.patch('/:id', {
    schema: {
      ...common,
      operationId: 'patchPersona',
      summary: 'Change some fields of a persona',
      params: PersonaId,
      body: ref(PersonaPatch),
      response: { 200: ref(Persona), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async request => {
    const { passwordVersion: version } = request.body
    const versions = readSeedSecrets(app.config)
    if (version !== undefined && !versions.has(version)) {
      throw new BadRequestError(
        `body/passwordVersion ${version} is not one of PERSONA_SEED_SECRETS (${
          [...versions.keys()].join(', ') || 'none is set'
        })`
      )
    }
    return patchPersona(db, request.params.id, request.body)
  })

  app.delete('/:id', {
    schema: {
      ...common,
      operationId: 'deletePersona',
      summary: 'Delete a persona with its runs, actions and feedback',
      params: PersonaId,
      response: { 204: Type.Null(), ...errorsOf(401, 404, 503) }
    }
  }, async (request, reply) => {
    await deletePersona(db, request.params.id)
    return reply.code(204).send(null)
  })

  app.post('/:id/pause', {
    schema: {
      ...common,
      operationId: 'pausePersona',
      summary: 'Leave a persona out of all ticks; a run under way goes on',
      params: PersonaId,
      // Null is what Fastify checks where no body was sent.
      body: Type.Union([
        Type.Object({ reason: Type.Optional(Type.String({ maxLength: 500 })) }, {
          additionalProperties: false
        }),
        Type.Null()
      ]),
      response: { 200: ref(Persona), ...errorsOf(400, 401, 404, 503) }
    }
  }, async request => setPaused(db, request.params.id, true, request.body?.reason ?? null))

  app.post('/:id/resume', {
    schema: {
      ...common,
      operationId: 'resumePersona',
      summary: 'Take a persona back in, and end its back-off after failures',
      params: PersonaId,
      response: { 200: ref(Persona), ...errorsOf(401, 404, 503) }
    }
  }, async request => setPaused(db, request.params.id, false))

  app.post('/:id/run', {
    schema: {
      ...common,
      operationId: 'runPersona',
      summary: 'Let a persona live a day now, due or not',
      params: PersonaId,
      response: {
        202: Type.Object({ tickId: Type.String({ description: 'id of the run' }) }),
        ...errorsOf(401, 404, 409, 503)
      }
    }
  }, async (request, reply) => {
    if (app.scheduler.missing.length > 0) throw new RunnerOffError(app.scheduler.missing)
    const { runId } = await runNow(db, app.scheduler.queue, request.params.id)
    return reply.code(202).send({ tickId: runId })
  })
}
