import { createHash, timingSafeEqual } from 'node:crypto'
import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { ForbiddenError, UnauthorizedError } from '../../platform/errors.ts'
import { keysOf, type Key, type Keys, type World } from '../../platform/keys.ts'

declare module 'fastify' {
  interface FastifyInstance {
    keys: Keys
    /**
     * Hooks for the plugins that hold guarded routes. A guard stands at the routes it guards, never
     * on a URL prefix.
     */
    guards: {
      service: onRequestAsyncHookHandler
      admin: onRequestAsyncHookHandler
      deploy: onRequestAsyncHookHandler
    }
  }
  interface FastifyRequest {
    /** The worlds whose key was sent with this request, each with the kid of the key. */
    callers: Map<World, string>
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * The key that equals what was sent, or undefined. In constant time whatever the lengths and
 * whichever it is: hashes are compared, and all of them.
 */
export function findKey<K extends Key> (keys: K[], given: string): K | undefined {
  const hash = digest(given)
  return keys.filter(key => timingSafeEqual(hash, digest(key.secret)))[0]
}

/**
 * Every further line about this request says by whom it is, as `admin/2026-11`; never the key
 * itself.
 */
export function logCaller (request: FastifyRequest, reply: FastifyReply, caller: string): void {
  request.log = reply.log = request.log.child({ key: caller })
}

/** Keys stand in headers, and are told apart before anything else is decided about a request. */
export default fp(async app => {
  const keys = keysOf(app.config)
  app.decorate('keys', keys)
  app.decorateRequest('callers')
  app.addHook('onRequest', async (request, reply) => {
    request.callers = callersOf(request, keys)
    const caller = [...request.callers].map(([world, kid]) => `${world}/${kid}`).join(' ')
    if (caller !== '') logCaller(request, reply, caller)
  })
  app.decorate('guards', {
    async service ({ callers }) {
      if (!callers.has('service')) {
        throw refusal('SERVICE_KEY', keys.service, 'header X-Service-Key')
      }
    },
    async admin ({ callers, method }) {
      if (callers.has('admin')) return
      if (!callers.has('viewer')) {
        throw refusal('ADMIN_KEY', keys.admin, 'header Authorization: Bearer <key>')
      }
      if (method !== 'GET' && method !== 'HEAD') {
        throw new ForbiddenError('This key is for reading only. Send the key that is in ADMIN_KEY.')
      }
    },
    async deploy (request, reply) {
      if (!request.callers.has('deploy')) await this.guards.admin.call(this, request, reply)
    }
  })
}, { name: 'auth', dependencies: ['env'] })

function callersOf ({ headers }: FastifyRequest, keys: Keys): Map<World, string> {
  const serviceKey = headers['x-service-key']
  const bearer = /^bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]
  const sent: [World, unknown][] = [
    ['service', serviceKey],
    ['admin', bearer],
    ['viewer', bearer],
    ['deploy', bearer]
  ]
  return new Map(sent.flatMap(([world, given]) => {
    const key = typeof given === 'string' ? findKey(keys[world], given) : undefined
    return key === undefined ? [] : [[world, key.kid]]
  }))
}

function refusal (variable: string, keys: Key[], how: string): UnauthorizedError {
  return new UnauthorizedError(
    keys.length === 0
      ? `These routes are closed, because ${variable} is not set on the server.`
      : `Send the key that is in ${variable}: ${how}.`
  )
}
