import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGzip } from 'node:zlib'

/** Services that answer without an end. */

export const MEGABYTE = 1_000_000

/** Answers each request so. @returns its address */
export async function serving (
  t: { teardown(fn: () => unknown): void },
  answer: RequestListener
): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close().closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/**
 * Writes `total` bytes as fast as they are taken. @returns the bytes before packing, once all are
 * written or the other side has left
 */
export async function pour (
  to: ServerResponse,
  total: number,
  encoding?: 'gzip'
): Promise<number> {
  const piece = Buffer.alloc(64 * 1024, ' ')
  const pack = encoding === 'gzip' ? createGzip() : undefined
  pack?.pipe(to)
  const sink = pack ?? to
  const closed = once(to, 'close')
  let written = 0
  while (written < total && !to.destroyed) {
    written += piece.length
    if (!sink.write(piece)) await Promise.race([once(sink, 'drain'), closed])
  }
  if (!to.destroyed) sink.end()
  return written
}
