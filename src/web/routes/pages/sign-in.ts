import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { localPath } from '../../sessions/origin.ts'
import { createThrottle } from '../../sessions/throttle.ts'

const To = Type.Object({
  to: Type.Optional(Type.String({ maxLength: 2000 })),
  used: Type.Optional(Type.String({ maxLength: 1 }))
})

const SignIn = Type.Object({
  key: Type.String({ maxLength: 1000 }),
  to: Type.Optional(Type.String({ maxLength: 2000 }))
}, { additionalProperties: false })
/** Bytes. No other bodies are read from somebody who has shown nothing yet. */
const LARGEST_FORM = 16 * 1024
const USED = 'That link was used already. Sign in with the admin key that the demo printed.'

/** Signing in to the pages and out. Open to everybody. */
export const signInPages: FastifyPluginAsyncTypebox = async app => {
  const throttle = createThrottle(() => performance.now())

  function show (
    request: FastifyRequest,
    reply: FastifyReply,
    about: { to: string, problem?: string | undefined, status?: number }
  ) {
    return reply.code(about.status ?? 200).view('sign-in.eta', {
      title: 'Sign in',
      nav: '',
      to: about.to,
      problem: about.problem,
      closed: app.pageSessions.keys.length === 0,
      // Browsers name the site only where they trust the address; elsewhere they drop a Secure
      // cookie.
      insecure: app.config.PUBLIC_URL?.startsWith('https:') === true &&
        request.headers['sec-fetch-site'] === undefined
    })
  }

  app.get('/sign-in', { schema: { hide: true, querystring: To } }, async (request, reply) => {
    const to = localPath(request.query.to)
    if (await app.pageSessions.roleIn(request) !== null) return reply.redirect(to, 303)
    return show(request, reply, {
      to,
      problem: request.query.used === undefined ? undefined : USED
    })
  })

  app.post('/sign-in', {
    bodyLimit: LARGEST_FORM,
    schema: { hide: true, body: SignIn }
  }, async (request, reply) => {
    const to = localPath(request.body.to)
    const waitMs = throttle.waitMs(request.ip)
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000)
      reply.header('retry-after', String(seconds))
      return show(request, reply, {
        to,
        status: 429,
        problem: `Too many wrong keys. Wait ${seconds} s and try again.`
      })
    }
    const key = app.pageSessions.keyOf(request.body.key.trim())
    if (key === undefined) {
      throttle.failed(request.ip)
      request.log.warn({ address: request.ip }, 'sign-in to the pages with a wrong key')
      return show(request, reply, { to, status: 401, problem: 'That is not the key.' })
    }
    throttle.succeeded(request.ip, key.role)
    await app.pageSessions.open(request, reply, key)
    return reply.redirect(to, 303)
  })

  app.get('/sign-in/demo/:token', {
    schema: { hide: true, params: Type.Object({ token: Type.String({ maxLength: 100 }) }) }
  }, async (request, reply) => {
    const key = app.pageSessions.keys.find(key => key.role === 'admin')
    if (key === undefined || !app.pageSessions.redeem(request.params.token)) {
      return reply.redirect('/sign-in?used=1', 303)
    }
    await app.pageSessions.open(request, reply, key)
    return reply.redirect('/', 303)
  })

  app.post(
    '/sign-out',
    { bodyLimit: LARGEST_FORM, schema: { hide: true } },
    async (request, reply) => {
      await app.pageSessions.close(request, reply)
      return reply.redirect('/sign-in', 303)
    }
  )
}
