import fp from 'fastify-plugin'

/** What every answer says unless its route says otherwise: take it for what it is called, and keep no copy. */
export default fp(async app => {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
  })
}, { name: 'answer-headers' })
