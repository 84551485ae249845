import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/**
 * An MCP server over streamable HTTP, written without the SDK, that fails in whatever way a test
 * asks for.
 */

export interface RpcMessage {
  method: string
  id?: number | string
  params?: Record<string, unknown>
}

/**
 * One request under way. A handler answers it with one of these, or leaves it without an answer.
 */
export interface Exchange {
  message: RpcMessage
  req: IncomingMessage
  res: ServerResponse
  /** As `application/json`. */
  result(result: unknown): void
  rpcError(code: number, message: string): void
  /** Anything but an answer. */
  http(status: number, body?: string, contentType?: string): void
  /** Opens an event stream and hands out its pen; the stream stays open. */
  stream(): EventPen
}

export interface EventPen {
  /** A JSON-RPC message, with an event id where the stream can be resumed. */
  message(message: object, id?: string): void
  result(result: unknown): void
  raw(text: string): void
  end(): void
  /** As a proxy that dies. */
  cut(): void
}

export type Handler = (exchange: Exchange) => void | Promise<void>

export interface FaultServerOptions {
  /** By JSON-RPC method, or `GET` and `DELETE`. */
  on?: Record<string, Handler>
  /** Default: one tool, `todo.create`, that takes anything. */
  tools?: unknown[]
  /** Default: any that is free. */
  port?: number
  /**
   * False: each request has a connection of its own, so that none is left half open when the server
   * ends.
   */
  keepAlive?: boolean
  /** Everything that is not for `/mcp`. */
  elsewhere?: (req: IncomingMessage, res: ServerResponse) => void | Promise<void>
}

export interface FaultServer {
  url: string
  /** What came in, by method, notifications too. */
  received: RpcMessage[]
  count(method: string): number
  close(): Promise<void>
}

export interface Teardown {
  teardown(fn: () => Promise<void>): void
}

export const TOOL = {
  name: 'todo.create',
  description: 'Adds a todo.',
  inputSchema: { type: 'object' }
}

export async function startMcpFaultServer (
  t: Teardown,
  { on = {}, tools = [TOOL], port: wanted = 0, keepAlive = true, elsewhere }: FaultServerOptions =
    {}
): Promise<FaultServer> {
  const received: RpcMessage[] = []
  const handlers: Record<string, Handler> = { ...healthy(tools), ...on }
  const server = createServer((req, res) => {
    res.shouldKeepAlive = keepAlive
    const answered = elsewhere === undefined || req.url === '/mcp'
      ? serve(handlers, received, req, res)
      : Promise.resolve(elsewhere(req, res))
    answered.catch(() => {
      res.destroy()
    })
  })
  server.listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  t.teardown(close)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    received,
    count: method => received.filter(message => message.method === method).length,
    close
  }
}

async function serve (
  handlers: Record<string, Handler>,
  received: RpcMessage[],
  req: IncomingMessage,
  res: ServerResponse
): Promise<void> {
  const message: RpcMessage = req.method === 'POST'
    ? JSON.parse(await text(req)) as RpcMessage
    : { method: req.method ?? '' }
  received.push(message)
  const exchange = exchangeOf(message, req, res)
  const handler = handlers[message.method]
  if (handler !== undefined) await handler(exchange)
  else if (message.id === undefined) exchange.http(202)
  else exchange.rpcError(-32601, `Method not found: ${message.method}`)
}

/** What a server does that works. */
function healthy (tools: unknown[]): Record<string, Handler> {
  return {
    GET: ({ http }) => http(405),
    DELETE: ({ http }) => http(200),
    initialize: ({ res, result }) => {
      res.setHeader('mcp-session-id', randomUUID())
      result(
        {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'fault-server', version: '1.0.0' }
        }
      )
    },
    'tools/list': ({ result }) => result({ tools }),
    'tools/call': ({ result }) => result({ content: [{ type: 'text', text: 'done' }] })
  }
}

function exchangeOf (message: RpcMessage, req: IncomingMessage, res: ServerResponse): Exchange {
  const json = (body: object) => {
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...body }))
  }
  return {
    message,
    req,
    res,
    result: result => json({ result }),
    rpcError: (code, text) => json({ error: { code, message: text } }),
    http: (status, body = '', contentType = 'text/plain') => {
      res.writeHead(status, { 'content-type': contentType }).end(body)
    },
    stream: () => penOf(message, res)
  }
}

function penOf (request: RpcMessage, res: ServerResponse): EventPen {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.flushHeaders()
  const message = (body: object, id?: string) => {
    res.write(
      `${id === undefined ? '' : `id: ${id}\n`}event: message\ndata: ${
        JSON.stringify({ jsonrpc: '2.0', ...body })
      }\n\n`
    )
  }
  return {
    message,
    result: result => {
      message({ id: request.id, result })
    },
    raw: text => {
      res.write(text)
    },
    end: () => {
      res.end()
    },
    cut: () => {
      res.destroy()
    }
  }
}
