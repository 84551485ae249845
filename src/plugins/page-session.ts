import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { ForbiddenError, UnauthorizedError } from '../errors.ts'
import { isLoopback } from '../sessions/origin.ts'
import { closeSession, findSession, openSession, touchSession, type PageSession, type Role } from '../sessions/repository.ts'

declare module 'fastify' {
  interface FastifyInstance {
    pageSessions: {
      /** Keys that open the pages, by what they allow. Empty: nobody can sign in. */
      roles: Role[]
      /** In constant time. */
      roleOf (key: string): Role | undefined
      /** Signs the browser in with the next answer. */
      open (request: FastifyRequest, reply: FastifyReply, role: Role): Promise<void>
      close (request: FastifyRequest, reply: FastifyReply): Promise<void>
      /** What this browser is signed in for; null: it is not. */
      roleIn (request: FastifyRequest): Promise<Role | null>
      /** Hook for pages that only who is signed in may see, and only an admin may change. */
      guard: onRequestAsyncHookHandler
      /** Hook for pages behind the guard that serve nothing but a change. */
      adminOnly: onRequestAsyncHookHandler
      /** Whether a value is the one-time token that this process was started with; from then on it is not. */
      redeem (token: string): boolean
    }
  }
  interface FastifyRequest {
    /** Who reads a page behind the guard; null anywhere else. */
    pageRole: Role | null
  }
}

export interface PageSessionOptions {
  /** Opens an admin session once, without a key, and only where nobody but this machine can ask. Set in code, never by the environment. */
  signInToken?: string | undefined
}

const digest = (text: string) => createHash('sha256').update(text).digest()
const isSame = (a: string, b: string) => timingSafeEqual(digest(a), digest(b))

/** Sessions of the pages: a random value in a cookie, its hash in the database. Needs @fastify/cookie in the same scope. */
export default fp<PageSessionOptions>(async (app, options) => {
  const { config, database: { db } } = app
  const keys = Object.entries({ admin: config.ADMIN_KEY, viewer: config.VIEWER_KEY })
    .filter((entry): entry is [Role, string] => entry[1] !== undefined)
  // Hashed under the key, so that a session ends with the key it was opened with.
  const idOf = (token: string, key: string) => createHmac('sha256', key).update(token).digest('hex')
  let signInToken = isLoopback(config.HOST) ? options.signInToken : undefined

  async function find (request: FastifyRequest): Promise<PageSession | null> {
    const token = request.cookies[cookieName(request)]
    if (token === undefined) return null
    const session = await findSession(db, keys.map(([, key]) => idOf(token, key)))
    if (session === undefined) return null
    // A page that is merely left open must not keep its session alive.
    if (session.isStale && !isBackground(request)) await touchSession(db, session.id)
    return { id: session.id, role: session.role }
  }

  app.decorateRequest('pageRole', null)
  app.decorate('pageSessions', {
    roles: keys.map(([role]) => role),
    roleOf: key => keys.filter(([, expected]) => isSame(key, expected)).map(([role]) => role)[0],
    async open (request, reply, role) {
      const key = keys.find(entry => entry[0] === role)?.[1]
      if (key === undefined) throw new UnauthorizedError('No key of this kind is set on the server.')
      const token = randomBytes(32).toString('base64url')
      await openSession(db, { id: idOf(token, key), role })
      reply.setCookie(cookieName(request), token, cookieOptions(request))
    },
    async close (request, reply) {
      const session = await find(request)
      if (session !== null) await closeSession(db, session.id)
      reply.clearCookie(cookieName(request), cookieOptions(request))
    },
    roleIn: async request => (await find(request))?.role ?? null,
    async guard (request, reply) {
      const session = await find(request)
      if (session === null) return refuse(request, reply)
      request.pageRole = session.role
      reply.locals = { ...reply.locals, role: session.role }
      if (!isReading(request)) refuseViewer(request)
    },
    async adminOnly (request) { refuseViewer(request) },
    redeem (token) {
      const isIt = signInToken !== undefined && isSame(token, signInToken)
      if (isIt) signInToken = undefined
      return isIt
    }
  })
}, { name: 'page-session', dependencies: ['env', 'database', 'pages'] })

const isReading = (request: FastifyRequest) => request.method === 'GET' || request.method === 'HEAD'
const isBackground = (request: FastifyRequest) => request.headers['x-live'] !== undefined || request.headers.accept === 'text/event-stream'

/** Cookies do not know ports: two runners on one machine must not sign each other out. */
function cookieName (request: FastifyRequest): string {
  return isLoopback(request.hostname) ? `persona-runner-${request.port ?? 80}` : '__Host-persona-runner'
}

function cookieOptions (request: FastifyRequest) {
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: !isLoopback(request.hostname) } as const
}

function refuseViewer (request: FastifyRequest): void {
  if (request.pageRole !== 'admin') throw new ForbiddenError('You are signed in for reading only. With the admin key you can change this too.')
}

/** A page leads to the sign-in and back; what has no reader gets a plain 401. */
function refuse (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!isReading(request) || isBackground(request)) throw new UnauthorizedError('You are not signed in any more. Open /sign-in.')
  return reply.redirect(request.url === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(request.url)}`, 303)
}
