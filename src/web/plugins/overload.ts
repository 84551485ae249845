import fp from 'fastify-plugin'
import type { FastifyReply } from 'fastify'
import { OverloadedError } from '../../platform/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Stays open although there is nothing to work on, and has a limit of its own. */
    staysOpen?: boolean
  }
}

/**
 * Back-pressure: a process that works on enough requests says so at once, instead of letting more
 * and more of them wait for the database. Counted is work, from the moment that a request is wholly
 * here: slow clients keep nobody out. (Not by the delay of the event loop, as libraries do:
 * embedded storage blocks it in normal work.)
 */
export default fp(async app => {
  const { REQUEST_LIMIT } = app.config
  let inWork = 0
  app.addHook('preValidation', async (request, reply) => {
    const { alwaysAnswers, staysOpen } = request.routeOptions.config
    if (alwaysAnswers || staysOpen) return
    if (inWork >= REQUEST_LIMIT) throw new OverloadedError(REQUEST_LIMIT)
    inWork++
    onceOver(reply, () => {
      inWork--
    })
  })
}, { name: 'overload', dependencies: ['env'] })

/** Answered, or given up by the client; whichever comes first. */
function onceOver (reply: FastifyReply, then: () => void): void {
  let over = false
  const end = () => {
    if (!over) then()
    over = true
  }
  reply.raw.once('finish', end).once('close', end)
}
