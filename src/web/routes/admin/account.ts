import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { deleteSecret, findStatus } from '../../../runner/accounts/repository.ts'
import { AccountInput, AccountStatus } from '../../../runner/accounts/schemas.ts'
import { storeAccount } from '../../../runner/accounts/vault.ts'
import { AccountNotFoundError } from '../../../platform/errors.ts'
import { getPersona } from '../../../personas/repository.ts'
import { errorsOf, ref } from '../ref.ts'

const PersonaId = Type.Object({ id: Type.String({ maxLength: 100 }) })
const common = { tags: ['admin'], security: [{ adminKey: [] }] }

/**
 * What a persona shows to the app, where ACCOUNTS lets an operator give it. Goes in and never comes
 * out.
 */
export const adminAccountRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get('/:id/account', {
    schema: {
      ...common,
      operationId: 'getAccount',
      summary:
        'Of which kind the stored account of a persona is, and when it was set or last renewed; never a secret',
      params: PersonaId,
      response: { 200: ref(AccountStatus), ...errorsOf(401, 404, 503) }
    }
  }, async request => {
    const { id } = await getPersona(db, request.params.id)
    const status = await findStatus(db, id)
    if (status === undefined) throw new AccountNotFoundError(id)
    return status
  })

  app.put('/:id/account', {
    schema: {
      ...common,
      operationId: 'putAccount',
      summary:
        'Store what a persona shows to the app, encrypted, in place of what was stored before',
      params: PersonaId,
      body: ref(AccountInput),
      response: { 204: Type.Null(), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async (request, reply) => {
    const { id, app: appName } = await getPersona(db, request.params.id)
    const { accountKind } = await app.apps.find(appName)
    await storeAccount(app.apps.vault, id, request.body, accountKind)
    return reply.code(204).send(null)
  })

  app.delete('/:id/account', {
    schema: {
      ...common,
      operationId: 'deleteAccount',
      summary: 'Forget what a persona shows to the app',
      params: PersonaId,
      response: { 204: Type.Null(), ...errorsOf(401, 404, 503) }
    }
  }, async (request, reply) => {
    const { id } = await getPersona(db, request.params.id)
    if (!await deleteSecret(db, id)) throw new AccountNotFoundError(id)
    return reply.code(204).send(null)
  })
}
