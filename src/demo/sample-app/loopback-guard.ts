import type { FastifyInstance } from 'fastify'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The host of a URL, or null where there is none to be read. */
function hostnameOf (url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null
}

/**
 * Answers only to requests that were meant for this machine. A web page can point a name of its own
 * at
 * 127.0.0.1 (DNS rebinding) and so talk to local servers; its Host and Origin headers give it away.
 */
export function loopbackGuard (app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers }, reply) => {
    const origins = [
      `http://${headers.host ?? ''}`,
      ...(headers.origin === undefined ? [] : [headers.origin])
    ]
    if (origins.every(origin => LOOPBACK.has(hostnameOf(origin) ?? ''))) return
    return await reply.code(403).send({
      error: 'FORBIDDEN_HOST',
      message: 'Only requests from this machine are answered.'
    })
  })
}
