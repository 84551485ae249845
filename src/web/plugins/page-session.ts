import { createHmac, randomBytes } from 'node:crypto'
import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Config } from '../../platform/config.ts'
import { ForbiddenError, UnauthorizedError } from '../../platform/errors.ts'
import type { Key } from '../../platform/keys.ts'
import { isLoopback } from '../sessions/origin.ts'
import {
  closeSession,
  findSession,
  openSession,
  touchSession,
  type PageSession,
  type Role
} from '../sessions/repository.ts'
import { findKey, logCaller } from './auth.ts'

/** A key that opens the pages. */
export interface PageKey extends Key {
  role: Role
}

declare module 'fastify' {
  interface FastifyInstance {
    pageSessions: {
      /** Keys that open the pages, those of admins first. Empty: nobody can sign in. */
      keys: PageKey[]
      /** In constant time. */
      keyOf(given: string): PageKey | undefined
      /** Signs the browser in with the next answer, for as long as the key is there at most. */
      open(request: FastifyRequest, reply: FastifyReply, key: PageKey): Promise<void>
      close(request: FastifyRequest, reply: FastifyReply): Promise<void>
      /** What this browser is signed in for; null: it is not. */
      roleIn(request: FastifyRequest): Promise<Role | null>
      /** Hook for pages that only who is signed in may see, and only an admin may change. */
      guard: onRequestAsyncHookHandler
      /** Hook for pages behind the guard that serve nothing but a change. */
      adminOnly: onRequestAsyncHookHandler
      /**
       * Whether a value is the one-time token that this process was started with; from then on it
       * is not.
       */
      redeem(token: string): boolean
    }
  }
  interface FastifyRequest {
    /** Who reads a page behind the guard; null anywhere else. */
    pageRole: Role | null
  }
}

export interface PageSessionOptions {
  /**
   * Opens an admin session once, without a key, and only where nobody but this machine can ask. Set
   * in code, never by the environment.
   */
  signInToken?: string | undefined
}

/**
 * Sessions of the pages: a random value in a cookie, its hash in the database. Needs
 * @fastify/cookie in the same scope.
 */
export default fp<PageSessionOptions>(async (app, options) => {
  const { config, database: { db } } = app
  const keys: PageKey[] = (['admin', 'viewer'] as const).flatMap(role =>
    app.keys[role].map(key => ({ ...key, role }))
  )
  // Hashed under the key, so that a session ends with the key it was opened with.
  const idOf = (token: string, key: Key) =>
    createHmac('sha256', key.secret).update(token).digest('hex')
  const cookie = sessionCookie(config)
  let signInToken = isLoopback(config.HOST) ? options.signInToken : undefined

  async function find (request: FastifyRequest): Promise<PageSession & { kid: string } | null> {
    const token = request.cookies[cookie.nameFor(request)]
    if (token === undefined) return null
    const kids = new Map(keys.map(key => [idOf(token, key), key.kid]))
    const session = await findSession(db, [...kids.keys()])
    if (session === undefined) return null
    // A page that is merely left open must not keep its session alive.
    if (session.isStale && !isBackground(request)) await touchSession(db, session.id)
    return { id: session.id, role: session.role, kid: kids.get(session.id) ?? '' }
  }

  app.decorateRequest('pageRole', null)
  app.decorate('pageSessions', {
    keys,
    keyOf: given => findKey(keys, given),
    async open (request, reply, key) {
      const token = randomBytes(32).toString('base64url')
      await openSession(db, { id: idOf(token, key), role: key.role })
      reply.setCookie(cookie.nameFor(request), token, cookie.options)
    },
    async close (request, reply) {
      const session = await find(request)
      if (session !== null) await closeSession(db, session.id)
      reply.clearCookie(cookie.nameFor(request), cookie.options)
    },
    roleIn: async request => (await find(request))?.role ?? null,
    async guard (request, reply) {
      const session = await find(request)
      if (session === null) return refuse(request, reply)
      request.pageRole = session.role
      logCaller(request, reply, `page/${session.role}/${session.kid}`)
      reply.locals = { ...reply.locals, role: session.role }
      if (!isReading(request)) refuseViewer(request)
    },
    async adminOnly (request) {
      refuseViewer(request)
    },
    redeem (token) {
      const isIt = signInToken !== undefined &&
        findKey([{ kid: '', secret: signInToken }], token) !== undefined
      if (isIt) signInToken = undefined
      return isIt
    }
  })
}, { name: 'page-session', dependencies: ['env', 'database', 'auth', 'pages'] })

const isReading = (request: FastifyRequest) => request.method === 'GET' || request.method === 'HEAD'
const isBackground = (request: FastifyRequest) =>
  request.headers['x-live'] !== undefined || request.headers.accept === 'text/event-stream'

/**
 * PUBLIC_URL alone says whether browsers come over https: a proxy may send any Host header. Cookies
 * do not know ports, and two runners on one machine must not sign each other out.
 */
function sessionCookie ({ PUBLIC_URL, PORT }: Pick<Config, 'PUBLIC_URL' | 'PORT'>) {
  const secure = PUBLIC_URL?.startsWith('https:') === true
  return {
    nameFor: ({ server }: FastifyRequest) =>
      secure ? '__Host-persona-runner' : `persona-runner-${portOf(server, PORT)}`,
    options: { path: '/', httpOnly: true, sameSite: 'strict', secure } as const
  }
}

/** @param configured where it does not listen yet, or takes any free port */
function portOf (server: FastifyRequest['server'], configured: number): number {
  const address = server.server.address()
  return typeof address === 'object' && address !== null ? address.port : configured
}

function refuseViewer (request: FastifyRequest): void {
  if (request.pageRole !== 'admin') {
    throw new ForbiddenError(
      'You are signed in for reading only. With the admin key you can change this too.'
    )
  }
}

/** A page leads to the sign-in and back; what has no reader gets a plain 401. */
function refuse (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!isReading(request) || isBackground(request)) {
    throw new UnauthorizedError('You are not signed in any more. Open /sign-in.')
  }
  return reply.redirect(
    request.url === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(request.url)}`,
    303
  )
}
