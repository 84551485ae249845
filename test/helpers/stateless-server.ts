import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, Server, type McpHttpHandler } from '@modelcontextprotocol/server'
import type { RpcMessage, Teardown } from './mcp-fault-server.ts'

/** An MCP server made with the official SDK of revision 2026-07-28. */

export interface StatelessOptions {
  /** `reject`: only this revision; `stateless`: those before it too. */
  legacy?: 'reject' | 'stateless'
  listChanged?: boolean
  /** Default: any that is free. */
  port?: number
  /**
   * False: each request has a connection of its own, so that none is left half open when the server
   * ends.
   */
  keepAlive?: boolean
  /** Makes the tools of one server, which answers one request. */
  serve?: (server: Server) => void
}

export interface StatelessServer {
  url: string
  handler: McpHttpHandler
  /** With the headers that came along. */
  received: (RpcMessage & { headers: IncomingMessage['headers'] })[]
  count(method: string): number
  close(): Promise<void>
}

export const ADD = {
  name: 'todo.create',
  description: 'Adds a todo.',
  inputSchema: { type: 'object' as const }
}

export async function startStatelessServer (
  t: Teardown,
  { legacy = 'reject', listChanged = false, port = 0, keepAlive = true, serve = usual }:
    StatelessOptions = {}
): Promise<StatelessServer> {
  const handler = createMcpHandler(() => {
    const server = new Server({ name: 'stateless', version: '2.0.0' }, {
      capabilities: { tools: { listChanged } }
    })
    serve(server)
    return server
  }, { legacy })
  const received: StatelessServer['received'] = []
  const node = toNodeHandler(handler)
  const server = createServer((req, res) => {
    res.shouldKeepAlive = keepAlive
    const serve = async () => {
      const message = req.method === 'POST'
        ? JSON.parse(await text(req)) as RpcMessage
        : { method: req.method ?? '' }
      received.push({ ...message, headers: req.headers })
      await node(req, res, message)
    }
    serve().catch(() => {
      res.destroy()
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    await handler.close()
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  t.teardown(close)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    handler,
    received,
    count: method => received.filter(message => message.method === method).length,
    close
  }
}

function usual (server: Server): void {
  server.setRequestHandler('tools/list', () => ({ tools: [ADD] }))
  server.setRequestHandler('tools/call', () => ({ content: [{ type: 'text', text: 'done' }] }))
}
