import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { toolsByName } from './modules.ts'
import { Refusal } from './store.ts'
import type { Space } from './store.ts'

/**
 * The MCP server of one session: it holds the one space it works on, so no tool can reach another one.
 * The low-level `Server`, because the list of tools is made once for all sessions and input is checked once.
 */
export function createMcpServer (space: Space): Server {
  const server = new Server({ name: 'sample-app', version: '1.0.0' }, { capabilities: { tools: {} } })
  const tools = [...toolsByName.values()].map(tool => tool.definition)
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) =>
    await callTool(space, params.name, params.arguments ?? {}, signal))
  return server
}

async function callTool (space: Space, name: string, input: unknown, signal: AbortSignal): Promise<CallToolResult> {
  const tool = toolsByName.get(name)
  if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${name}`)
  try {
    const answer = await tool.run({ space, tool: name, signal }, input)
    return { content: [{ type: 'text', text: JSON.stringify(answer) }] }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { content: [{ type: 'text', text: error.message }], isError: true }
  }
}
