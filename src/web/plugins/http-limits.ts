import type { Server } from 'node:http'
import type { FastifyHttpOptions } from 'fastify'

/**
 * How long a client may take to say what it wants, and how much of it. Node looks once a second,
 * and Fastify's own defaults never close a slow body.
 */
const HEADERS_MS = 10_000
/** Headers and body together. A body of the largest size gets through at 2.3 Mbit/s. */
const REQUEST_MS = 15_000
const LOOK_EVERY_MS = 1000
const LARGEST_BODY_BYTES = 4 * 1024 * 1024

const ANSWERS: Record<string, [string, string, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'REQUEST_TIMEOUT',
    `Headers must be here within ${HEADERS_MS / 1000} s, and the whole request within ${
      REQUEST_MS / 1000
    } s.`
  ],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'HEADERS_TOO_LARGE',
    'The headers of this request are too large.'
  ]
}
const NOT_HTTP: [string, string, string] = ['400 Bad Request', 'BAD_REQUEST', 'This is not HTTP.']

/** For `Fastify(…)`. */
export const HTTP_LIMITS = {
  bodyLimit: LARGEST_BODY_BYTES,
  requestTimeout: REQUEST_MS,
  http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: LOOK_EVERY_MS },
  // What goes wrong before there is a request. As Node does it: a last word where it can still be
  // heard, and the end.
  clientErrorHandler (error, socket) {
    if (error.code === 'ECONNRESET' || socket.destroyed) return
    const [status, code, message] = ANSWERS[error.code] ?? NOT_HTTP
    const body = JSON.stringify({ code, message })
    if (socket.writable) {
      socket.write(
        `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${
          Buffer.byteLength(body)
        }\r\n\r\n${body}`
      )
    }
    socket.destroy(error)
  }
} satisfies FastifyHttpOptions<Server>
