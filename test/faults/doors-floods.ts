import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import { createGzip } from 'node:zlib'
import type { Teardown } from './tools/teardown.ts'

/** Services that answer without an end, and what the server does meanwhile. */

export const MEGABYTE = 1_000_000

export async function serve (t: Teardown, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close().closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/**
 * Writes as fast as it is taken. @returns bytes before packing, once all is written or the other
 * side has left
 */
export async function pour (to: ServerResponse, total: number, packed: boolean): Promise<number> {
  to.writeHead(200, {
    'content-type': 'application/json',
    ...(packed && { 'content-encoding': 'gzip' })
  })
  const piece = Buffer.alloc(64 * 1024, ' ')
  const pack = packed ? createGzip() : undefined
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

/**
 * The most memory that a process ever held, in megabytes; undefined where the system does not say
 * (Linux does).
 */
export function peakMemory (pid: number | undefined): number | undefined {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000
  } catch {
    return undefined
  }
}

/**
 * Asks for `/health` again and again while something goes on, in a thread of its own: this one is
 * busy with the flood.
 * @returns the longest that it waited, in milliseconds
 */
export async function slowestHealth (address: string, work: Promise<unknown>): Promise<number> {
  const watch = new Worker(new URL('./tools/health-watch.ts', import.meta.url), {
    workerData: `${address}/health`
  })
  const said = once(watch, 'message')
  await once(watch, 'online')
  await work
  watch.postMessage('end')
  const [slowest] = await said as [number]
  return slowest
}
