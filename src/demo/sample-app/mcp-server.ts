import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError
} from '@modelcontextprotocol/sdk/types.js'
import { callTool, toolDefinitions } from './call-tool.ts'
import type { Space } from './store.ts'

/**
 * The MCP server of one session, of 2025-11-25 and before: it holds the one space it works on, so
 * no tool can reach another one. The low-level `Server`, because the list of tools is made once for
 * all sessions and input is checked once.
 */
export function createMcpServer (space: Space): Server {
  const server = new Server({ name: 'sample-app', version: '1.0.0' }, {
    capabilities: { tools: {} }
  })
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: toolDefinitions }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const result = await callTool(space, params.name, params.arguments ?? {}, signal)
    if (result === null) throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${params.name}`)
    return result
  })
  return server
}
