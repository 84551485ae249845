import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import { RateLimitedError } from '../../platform/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For supervisors: answered however much there is to do. */
    alwaysAnswers?: boolean
  }
}

const WINDOW_MS = 60_000

/**
 * So many requests a minute. Who sends a key is counted by it, all others by their address (IPv6 by
 * the network), wrong keys and pages among them. Each process counts for itself, in memory and
 * bounded.
 */
export default fp(async app => {
  const { KEY_RATE_LIMIT, ADDRESS_RATE_LIMIT } = app.config
  await app.register(rateLimit, { global: false, timeWindow: WINDOW_MS })
  const byKey = app.createRateLimit({
    max: KEY_RATE_LIMIT,
    keyGenerator: ({ callers }) => [...callers].map(([world, kid]) => `${world}/${kid}`).join(' ')
  })
  const byAddress = app.createRateLimit({ max: ADDRESS_RATE_LIMIT })

  app.addHook('onRequest', async request => {
    if (request.routeOptions.config.alwaysAnswers) return
    const hasKey = request.callers.size > 0
    const count = await (hasKey ? byKey : byAddress)(request)
    if (count.isAllowed || !count.isExceeded) return
    throw new RateLimitedError(
      hasKey ? 'with this key' : 'from this address without a key',
      count.ttlInSeconds
    )
  })
}, { name: 'rate-limit', dependencies: ['env', 'auth'] })
