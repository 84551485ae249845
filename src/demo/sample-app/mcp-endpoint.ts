import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import type { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Accounts } from './accounts.ts'
import { McpSessions } from './mcp-sessions.ts'
import { StatelessMcp } from './mcp-stateless.ts'
import type { Space } from './store.ts'

/**
 * What is spoken: MCP 2026-07-28, which has no sessions, the revisions before it, or whatever is
 * asked for.
 */
export type McpFace = 'stateless' | 'session' | 'both'

interface McpEndpointOptions {
  accounts: Accounts
  face: McpFace
  /**
   * Where everybody works when the endpoint asks for no account; null: everybody in their own
   * space.
   */
  sharedSpace: Space | null
  /**
   * Counted here by JSON-RPC method, once the caller is known and before the session is looked up.
   */
  requests: Record<string, number>
}

const Message = z.object({ method: z.string() })

/** `/mcp` over streamable HTTP. */
export function mcpEndpoint (
  app: FastifyInstance,
  { accounts, face, sharedSpace, requests }: McpEndpointOptions
): void {
  const sessions = new McpSessions()
  const stateless = new StatelessMcp()

  // Open event streams would keep the server from closing.
  app.addHook('preClose', async () => {
    await Promise.all([sessions.closeAll(), stateless.closeAll()])
  })

  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    handler: async (request, reply) => {
      const space = sharedSpace ?? authorize(accounts, request, reply)
      if (space === null) return reply
      countMessages(requests, request.body)
      if (
        face === 'stateless' ||
        (face === 'both' && !await stateless.isOfSessions(request.raw, request.body))
      ) {
        reply.hijack()
        return await stateless.answer(space, request.raw, reply.raw, request.body)
      }
      const transport = await transportOf(sessions, space, request, reply)
      if (transport === null) return reply
      reply.hijack()
      await transport.handleRequest(request.raw, reply.raw, request.body)
    }
  })
}

/** The space that the caller may use, or null after the refusal has been sent. */
function authorize (
  accounts: Accounts,
  request: FastifyRequest,
  reply: FastifyReply
): Space | null {
  const account = accounts.holder(request.headers.authorization)
  if (account === null) {
    reply.header('www-authenticate', 'Bearer realm="sample-app"')
    refuse(reply, 401, -32000, 'Unauthorized: sign in and send the token as Authorization: Bearer.')
    return null
  }
  if (request.headers['x-mana-space'] !== account.space.id) {
    refuse(reply, 403, -32000, 'Forbidden: X-Mana-Space must name your personal space.')
    return null
  }
  return account.space
}

/**
 * The session the request belongs to, a new one for `initialize`, or null after the refusal has
 * been sent.
 */
async function transportOf (
  sessions: McpSessions,
  space: Space,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<StreamableHTTPServerTransport | null> {
  const sessionId = request.headers['mcp-session-id']
  if (typeof sessionId === 'string') {
    const transport = sessions.find(sessionId, space)
    if (transport === null) refuse(reply, 404, -32001, 'Session not found')
    return transport
  }
  if (isInitializeRequest(request.body)) return await sessions.begin(space)
  refuse(reply, 400, -32000, 'Bad Request: the Mcp-Session-Id header is required')
  return null
}

function countMessages (requests: Record<string, number>, body: unknown): void {
  for (const message of Array.isArray(body) ? body : [body]) {
    const { success, data } = Message.safeParse(message)
    if (success) requests[data.method] = (requests[data.method] ?? 0) + 1
  }
}

function refuse (reply: FastifyReply, status: number, code: number, message: string): void {
  reply.code(status).send({ jsonrpc: '2.0', error: { code, message }, id: null })
}
