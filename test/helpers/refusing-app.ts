import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Teardown {
  teardown(fn: () => void): void
}

/** The address of an app that answers every request with 400: it is there, but lets nobody in. */
export async function startRefusingApp (t: Teardown): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(400).end('not you')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
