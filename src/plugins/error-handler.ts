import fp from 'fastify-plugin'
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, messageOf } from '../errors.ts'

/** Connection trouble as `pg`, the pool and the operating system name it. */
const DATABASE_GONE = /^(08|57P0|53300)|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND/
const DATABASE_GONE_WORDS = /timeout exceeded when trying to connect|Connection terminated|Query read timeout/i

/** Whether an error means that the database cannot be reached just now, and not that a statement is wrong. */
export function isDatabaseGone (error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return (typeof code === 'string' && DATABASE_GONE.test(code)) || DATABASE_GONE_WORDS.test(messageOf(error)) ||
    (error instanceof AggregateError && error.errors.some(isDatabaseGone))
}

/** A URL that no route can be found by, such as `/%ZZ`. It never reaches the error handler. */
export function refuseUrl (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  reply.code(error.statusCode ?? 400).send({ code: 'BAD_REQUEST', message: error.message })
}

/** What a client is told of an error. */
export interface ErrorAnswer { status: number, code: string, message: string }

/** What we did not foresee is logged whole and told as little. */
export function answerFor (error: FastifyError | AppError, log: FastifyBaseLogger): ErrorAnswer {
  if (error instanceof AppError) return { status: error.status, code: error.code, message: error.message }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return { status: error.statusCode, code: error.statusCode === 400 ? 'BAD_REQUEST' : error.code, message: error.message }
  }
  log.error({ err: { code: error.code, message: messageOf(error), stack: error.stack } }, 'request failed')
  return isDatabaseGone(error)
    ? { status: 503, code: 'DATABASE_UNAVAILABLE', message: 'The database does not answer. Try again in a moment.' }
    : { status: 500, code: 'INTERNAL', message: 'Something went wrong here; the log has the details.' }
}

/** Every error leaves as `{ code, message }`. */
export default fp(async app => {
  app.setErrorHandler((error: FastifyError | AppError, request, reply) => {
    const { status, code, message } = answerFor(error, request.log)
    if (code === 'DATABASE_UNAVAILABLE') reply.header('retry-after', '5')
    return reply.code(status).send({ code, message })
  })
  app.setNotFoundHandler((request, reply) => reply.code(404).send({ code: 'ROUTE_NOT_FOUND', message: `There is no ${request.method} ${request.url.split('?')[0]}. GET /docs lists all routes.` }))
}, { name: 'error-handler' })
