import fp from 'fastify-plugin'

/**
 * What every answer says unless its route says otherwise: take it for what it is called, and keep
 * no copy.
 */
export const ANSWER_HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }

export default fp(async app => {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(ANSWER_HEADERS)
  })
}, { name: 'answer-headers' })
