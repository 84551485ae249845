import { randomUUID } from 'node:crypto'
import { StreamableHTTPTransport } from '@hono/mcp'
import { serve } from '@hono/node-server'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { Hono } from 'hono'
import { PORT, SHELF, toResult } from './shelf.ts'

/** A session of its own for each client, as the SDK wants it. */
const sessions = new Map<string, StreamableHTTPTransport>()

async function begin (): Promise<StreamableHTTPTransport> {
  const server = new McpServer({ name: 'shelf', version: '1.0.0' })
  for (const { name, description, shape, run } of SHELF) {
    server.registerTool(name, { description, inputSchema: shape }, input => toResult(run(input)))
  }
  const transport = new StreamableHTTPTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: id => {
      sessions.set(id, transport)
    }
  })
  await server.connect(transport)
  return transport
}

const app = new Hono()
app.all('/mcp', async context => {
  const transport = sessions.get(context.req.header('mcp-session-id') ?? '') ?? await begin()
  return transport.handleRequest(context)
})
serve({ fetch: app.fetch, port: PORT, hostname: '127.0.0.1' })
