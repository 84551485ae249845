import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { PORT, SHELF, toResult } from './shelf.ts'

/** The official SDK; with `reject` it refuses all that is older than 2026-07-28. */
const legacy = process.argv[3] === 'reject' ? 'reject' : 'stateless'

const handler = toNodeHandler(createMcpHandler(() => {
  const server = new McpServer({ name: 'shelf', version: '1.0.0' })
  for (const { name, description, shape, run } of SHELF) {
    server.registerTool(
      name,
      { description, inputSchema: z.object(shape) },
      input => toResult(run(input as Record<string, unknown>))
    )
  }
  return server
}, { legacy }))
createServer((req, res) => {
  handler(req, res).catch(() => res.destroy())
}).listen(PORT, '127.0.0.1')
