import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { organizationsOf } from './accounts.ts'
import type { Accounts } from './accounts.ts'

const Credentials = Type.Object({
  email: Type.String({ maxLength: 320 }),
  password: Type.String({ maxLength: 1024 })
})

const SHORTEST_PASSWORD = 8
const NewCredentials = Type.Object({
  ...Credentials.properties,
  name: Type.String({ minLength: 1, maxLength: 200 })
})

/** Sign-up, sign-in, and the spaces of whoever signed in. */
export function signInRoutes (app: FastifyInstance, { accounts }: { accounts: Accounts }): void {
  const typed = app.withTypeProvider<TypeBoxTypeProvider>()

  typed.post('/api/v1/auth/login', { schema: { body: Credentials } }, async (request, reply) => {
    const signedIn = accounts.logIn(request.body.email, request.body.password)
    if (signedIn === null) {
      return await reply.code(401).send({
        error: 'INVALID_CREDENTIALS',
        message: 'Email or password is wrong.'
      })
    }
    const { id, email, name } = signedIn.account
    return { token: signedIn.token, user: { id, email, name } }
  })

  // As Better Auth answers it.
  typed.post(
    '/api/auth/sign-up/email',
    { schema: { body: NewCredentials } },
    async (request, reply) => {
      const { email, password, name } = request.body
      if (password.length < SHORTEST_PASSWORD) {
        return await reply.code(400).send({
          code: 'PASSWORD_TOO_SHORT',
          message: 'Password too short'
        })
      }
      const locale = request.headers['accept-language']?.split(/[,;]/)[0] ?? 'en'
      const account = accounts.signUp({ email, password, name, locale })
      if (account === null) {
        return await reply.code(422).send({
          code: 'USER_ALREADY_EXISTS',
          message: 'User already exists'
        })
      }
      const { id } = account
      return { token: null, user: { id, email: account.email, name, emailVerified: false } }
    }
  )

  typed.get('/api/auth/organization/list', async (request, reply) => {
    const account = accounts.holder(request.headers.authorization)
    if (account === null) {
      return await reply.code(401).send({ error: 'UNAUTHORIZED', message: 'Sign in first.' })
    }
    return organizationsOf(account)
  })
}
