import { createHash, timingSafeEqual } from 'node:crypto'
import fp from 'fastify-plugin'
import type { onRequestAsyncHookHandler } from 'fastify'
import { UnauthorizedError } from '../errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Hooks for the plugins that hold guarded routes. A guard stands at the routes it guards, never on a URL
     * prefix.
     */
    guards: { service: onRequestAsyncHookHandler, admin: onRequestAsyncHookHandler }
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** In constant time whatever the lengths, because hashes are compared. */
function isKey (given: string | undefined, expected: string): boolean {
  return timingSafeEqual(digest(given ?? ''), digest(expected)) && given !== undefined
}

function guard (
  variable: string, expected: string | undefined, how: string, read: (headers: Record<string, unknown>) => unknown
): onRequestAsyncHookHandler {
  return async request => {
    if (expected === undefined) throw new UnauthorizedError(`These routes are closed, because ${variable} is not set on the server.`)
    const given = read(request.headers)
    if (!isKey(typeof given === 'string' ? given : undefined, expected)) throw new UnauthorizedError(`Send the key that is in ${variable}: ${how}.`)
  }
}

export default fp(async app => {
  const { SERVICE_KEY, ADMIN_KEY } = app.config
  app.decorate('guards', {
    service: guard('SERVICE_KEY', SERVICE_KEY, 'header X-Service-Key', headers => headers['x-service-key']),
    admin: guard('ADMIN_KEY', ADMIN_KEY, 'header Authorization: Bearer <key>',
      headers => /^bearer +(.+)$/i.exec(String(headers.authorization ?? ''))?.[1])
  })
}, { name: 'auth', dependencies: ['env'] })
