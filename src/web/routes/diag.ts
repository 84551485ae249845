import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { FIRST_APP } from '../../personas/app-name.ts'
import { codeOf, messageOf, PersonaNotFoundError, RunnerOffError } from '../../platform/errors.ts'
import { getPersonaByEmail } from '../../personas/repository.ts'
import { TickResult } from '../../runner/runs/schemas.ts'
import { awaitTick } from '../../runner/runs/tick.ts'
import { errorsOf, ref } from './ref.ts'

/** Outside production only: these routes need no key. */
export const diagRoutes: FastifyPluginAsyncTypebox = async app => {
  /** Whoever is no persona yet is taken for one of the first app. */
  async function find (
    email: string
  ): Promise<{ email: string, app: string, passwordVersion?: number }> {
    return getPersonaByEmail(app.database.db, email).catch(error => {
      if (error instanceof PersonaNotFoundError) return { email, app: FIRST_APP }
      throw error
    })
  }

  app.get('/login', {
    schema: {
      operationId: 'diagLogin',
      summary: 'Sign in to the app as a persona, and say how it went',
      tags: ['diagnostics'],
      querystring: Type.Object({ email: Type.String({ format: 'email', maxLength: 254 }) }, {
        additionalProperties: false
      }),
      response: {
        200: Type.Object({
          ok: Type.Boolean(),
          email: Type.String(),
          userId: Type.Optional(Type.Union([Type.String(), Type.Null()])),
          spaceId: Type.Optional(Type.Union([Type.String(), Type.Null()])),
          code: Type.Optional(Type.String()),
          error: Type.Optional(Type.String())
        }),
        ...errorsOf(400)
      }
    }
  }, async request => {
    const { email } = request.query
    try {
      const persona = await find(email)
      const { accounts } = await app.apps.find(persona.app)
      const { userId, spaceId } = await accounts.signIn(persona, AbortSignal.timeout(30_000))
      return { ok: true, email, userId, spaceId }
    } catch (error) {
      return { ok: false, email, code: codeOf(error), error: messageOf(error) }
    }
  })

  app.post('/tick', {
    schema: {
      operationId: 'diagTick',
      summary: 'Fire one tick, wait for its runs and answer its result',
      tags: ['diagnostics'],
      response: { 200: ref(TickResult), ...errorsOf(500, 503) }
    }
  }, async () => {
    if (app.scheduler.missing.length > 0) throw new RunnerOffError(app.scheduler.missing, 500)
    return awaitTick(app.database.db, await app.scheduler.tick())
  })
}
