import fp from 'fastify-plugin'
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, messageOf, RouteNotFoundError } from '../../platform/errors.ts'
import { ANSWER_HEADERS } from './answer-headers.ts'

/** Connection trouble as `pg`, the pool and the operating system name it. */
const DATABASE_GONE = /^(08|57P0|53300)|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND/
const DATABASE_GONE_WORDS =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout/i

/**
 * Whether an error means that the database cannot be reached just now, and not that a statement is
 * wrong.
 */
export function isDatabaseGone (error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return (typeof code === 'string' && DATABASE_GONE.test(code)) ||
    DATABASE_GONE_WORDS.test(messageOf(error)) ||
    (error instanceof AggregateError && error.errors.some(isDatabaseGone))
}

/** PostgreSQL's `disk_full`, class 53. */
const DISK_FULL = '53100'

/** A deadlock, a serialisation failure, or a row that another request deleted after it was read. */
const CHANGED_MEANWHILE = /^(40P01|40001|23503)$/

/** Fastify's own codes as clients know them; what is not here keeps its name. */
const CODES: Record<number, string> = {
  400: 'BAD_REQUEST',
  413: 'BODY_TOO_LARGE',
  414: 'URL_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE'
}

/** A URL that no route can be found by, such as `/%ZZ`. It never reaches the error handler. */
export function refuseUrl (
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply
): void {
  const status = error.statusCode ?? 400
  reply.code(status).headers(ANSWER_HEADERS).send({
    code: CODES[status] ?? 'BAD_REQUEST',
    message: error.message
  })
}

/** What a client is told of an error. */
interface ErrorAnswer {
  status: number
  code: string
  message: string
  retryAfterSeconds?: number | undefined
}

/** What we did not foresee is logged whole and told as little. */
export function answerFor (error: FastifyError | AppError, log: FastifyBaseLogger): ErrorAnswer {
  if (error instanceof AppError) {
    const { status, code, message, retryAfterSeconds } = error
    return { status, code, message, retryAfterSeconds }
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return {
      status: error.statusCode,
      code: CODES[error.statusCode] ?? error.code,
      message: error.message
    }
  }
  log.error(
    { err: { code: error.code, message: messageOf(error), stack: error.stack } },
    'request failed'
  )
  return answerForDatabase(error) ?? {
    status: 500,
    code: 'INTERNAL',
    message: 'Something went wrong here; the log has the details.'
  }
}

function answerForDatabase (error: FastifyError | AppError): ErrorAnswer | undefined {
  if (isDatabaseGone(error)) {
    return {
      status: 503,
      code: 'DATABASE_UNAVAILABLE',
      message: 'The database does not answer. Try again in a moment.',
      retryAfterSeconds: 5
    }
  }
  if (error.code === DISK_FULL) {
    return {
      status: 503,
      code: 'DATABASE_FULL',
      message:
        'The disk of the database is full, so nothing was stored. Free space, then try again.',
      retryAfterSeconds: 60
    }
  }
  if (CHANGED_MEANWHILE.test(error.code)) {
    return {
      status: 503,
      code: 'CHANGED_MEANWHILE',
      message:
        'Another request changed or deleted the same rows just now. Nothing was stored: ask again.',
      retryAfterSeconds: 1
    }
  }
  return undefined
}

/** Every error leaves as `{ code, message }`. */
export default fp(async app => {
  app.setErrorHandler((error: FastifyError | AppError, request, reply) => {
    const { status, code, message, retryAfterSeconds } = answerFor(error, request.log)
    if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
    return reply.code(status).send({ code, message })
  })
  app.setNotFoundHandler(request => {
    throw new RouteNotFoundError(request.method, request.url)
  })
  // 404 in onRequest, so that unknown routes never buffer a body.
  app.addHook('onRequest', async request => {
    if (request.is404) throw new RouteNotFoundError(request.method, request.url)
  })
}, { name: 'error-handler' })
