import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CountingListener {
  port: number
  connections: number
  requests: IncomingMessage[]
}

interface Teardown {
  teardown(fn: () => unknown): void
}

/** A server on all addresses of this machine, of both kinds, that counts who connects. */
export async function startCountingListener (
  t: Teardown,
  answer: RequestListener = (_req, res) => {
    res.end('inside')
  },
  port = 0
): Promise<CountingListener> {
  const server = createServer()
  const listener: CountingListener = { port: 0, connections: 0, requests: [] }
  server.on('connection', () => {
    listener.connections++
  })
  server.on('request', (req, res) => {
    listener.requests.push(req)
    answer(req, res)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '::', resolve)
  })
  listener.port = (server.address() as AddressInfo).port
  t.teardown(() =>
    new Promise(resolve => {
      server.close(resolve).closeAllConnections()
    })
  )
  return listener
}
