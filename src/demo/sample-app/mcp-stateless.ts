import type { IncomingMessage, ServerResponse } from 'node:http'
import { toNodeHandler, toWebRequest, type NodeMcpRequestHandler } from '@modelcontextprotocol/node'
import {
  createMcpHandler,
  isLegacyRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type McpHttpHandler
} from '@modelcontextprotocol/server'
import { callTool, toolDefinitions } from './call-tool.ts'
import type { Space } from './store.ts'

interface Face {
  handler: McpHttpHandler
  answer: NodeMcpRequestHandler
}

/** The face of the app in MCP 2026-07-28: no sessions, a server for each request. */
export class StatelessMcp {
  readonly #faces = new Map<Space, Face>()

  /** Whether a request is of a revision before. */
  async isOfSessions (request: IncomingMessage, body: unknown): Promise<boolean> {
    return await isLegacyRequest(await toWebRequest(request, body), body)
  }

  async answer (
    space: Space,
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown
  ): Promise<void> {
    await this.#faceOf(space).answer(request, response, body)
  }

  /** Ends every stream and every call under way. */
  async closeAll (): Promise<void> {
    await Promise.all([...this.#faces.values()].map(({ handler }) => handler.close()))
  }

  #faceOf (space: Space): Face {
    const known = this.#faces.get(space)
    if (known !== undefined) return known
    const handler = createMcpHandler(() => serverOf(space), { legacy: 'reject' })
    const face = { handler, answer: toNodeHandler(handler) }
    this.#faces.set(space, face)
    return face
  }
}

/** It holds the one space it works on, so no tool can reach another one. */
function serverOf (space: Space): Server {
  const server = new Server({ name: 'sample-app', version: '1.0.0' }, {
    capabilities: { tools: {} }
  })
  server.setRequestHandler('tools/list', () => ({ tools: toolDefinitions }))
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const result = await callTool(space, params.name, params.arguments ?? {}, mcpReq.signal)
    if (result === null) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name}`)
    }
    return result
  })
  return server
}
