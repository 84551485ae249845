import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { RpcMessage, Teardown } from './mcp-fault-server.ts'
import { TOOL } from './mcp-fault-server.ts'

/** A server of HTTP+SSE, as revision 2024-11-05 has it, written without an SDK. */

export interface SseExchange {
  message: RpcMessage
  /** The stream of the session. */
  stream: ServerResponse
  /** What the POST is answered with; 202 where nothing is. */
  post: ServerResponse
  /** Sends a message on the stream. */
  send(message: object): void
  result(result: unknown): void
}

export type SseHandler = (exchange: SseExchange) => unknown

export interface SseServer {
  url: string
  received: RpcMessage[]
  /** Of each POST, by header. */
  posts: Record<string, string | string[] | undefined>[]
  streams: ServerResponse[]
  count(method: string): number
}

export interface SseOptions {
  on?: Record<string, SseHandler>
  /** What a POST to the address of the stream is refused with. */
  refusal?: number
  /** The first event of a stream. */
  endpoint?: (sessionId: string) => string
}

export async function startSseServer (
  t: Teardown,
  { on = {}, refusal = 405, endpoint = id => `/messages?sessionId=${id}` }: SseOptions = {}
): Promise<SseServer> {
  const sessions = new Map<string, ServerResponse>()
  const app: Omit<SseServer, 'url'> = {
    received: [],
    posts: [],
    streams: [],
    count: method => app.received.filter(message => message.method === method).length
  }
  const handlers = { ...working, ...on }
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '', 'http://127.0.0.1')
    if (req.method === 'GET') return openStream(res)
    const stream = sessions.get(url.searchParams.get('sessionId') ?? '')
    app.posts.push(req.headers)
    take(req, res, stream).catch(() => res.destroy())
  })
  function openStream (res: ServerResponse) {
    const id = randomUUID()
    sessions.set(id, res)
    app.streams.push(res)
    res.once('close', () => sessions.delete(id))
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(
      `event: endpoint\ndata: ${endpoint(id)}\n\n`
    )
  }
  async function take (
    req: Parameters<typeof text>[0] & { url?: string },
    res: ServerResponse,
    stream: ServerResponse | undefined
  ) {
    const message = JSON.parse(await text(req)) as RpcMessage
    if (req.url?.startsWith('/messages') !== true) return res.writeHead(refusal).end()
    if (stream === undefined) return res.writeHead(404).end('Could not find session')
    app.received.push(message)
    const send = (answer: object) => {
      stream.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...answer })}\n\n`)
    }
    await handlers[message.method]?.({
      message,
      stream,
      post: res,
      send,
      result: result => send({ id: message.id, result })
    })
    if (!res.headersSent) res.writeHead(202).end('Accepted')
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  })
  return { ...app, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sse` }
}

const working: Record<string, SseHandler> = {
  initialize: ({ result }) =>
    result(
      {
        protocolVersion: '2024-11-05',
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: 'sse', version: '0.1.0' }
      }
    ),
  'tools/list': ({ result }) => result({ tools: [TOOL] }),
  'tools/call': ({ result }) => result({ content: [{ type: 'text', text: 'done' }] })
}
