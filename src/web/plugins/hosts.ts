import fp from 'fastify-plugin'
import type { FastifyRequest } from 'fastify'
import { BadRequestError, MisdirectedError } from '../../platform/errors.ts'
import { isLoopback } from '../sessions/origin.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For supervisors, who ask by address. */
    anyHost?: boolean
  }
}

/**
 * Which names this process answers to. With PUBLIC_URL a request for any other name is refused, so
 * that no page of another site can make its own name lead here. Supervisors ask by address and are
 * answered whatever they say.
 */
export default fp(async app => {
  const { PUBLIC_URL, ALLOWED_HOSTS = '' } = app.config
  const known = PUBLIC_URL === undefined
    ? undefined
    : new Set([
      new URL(PUBLIC_URL).host,
      ...ALLOWED_HOSTS.split(',').map(host => host.trim().toLowerCase())
    ])

  app.addHook('onRequest', async request => {
    if (countHosts(request) > 1) {
      throw new BadRequestError('a request must have one Host header; this one has several')
    }
    if (known === undefined || request.routeOptions.config.anyHost) return
    const host = request.host.toLowerCase()
    if (!known.has(host) && !isLoopback(request.hostname)) throw new MisdirectedError(host)
  })
}, { name: 'hosts', dependencies: ['env'] })

/** Node keeps the first and says nothing of the others. */
function countHosts ({ raw: { rawHeaders } }: FastifyRequest): number {
  return rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
}
