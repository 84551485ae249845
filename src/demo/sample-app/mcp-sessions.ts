import { randomUUID } from 'node:crypto'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpServer } from './mcp-server.ts'
import type { Space } from './store.ts'

interface Session {
  transport: StreamableHTTPServerTransport
  space: Space
}

/** The open MCP sessions by their `mcp-session-id`. */
export class McpSessions {
  readonly #open = new Map<string, Session>()

  /** Only for the identity that opened it: for anyone else the session does not exist. */
  find (id: string, space: Space): StreamableHTTPServerTransport | null {
    const session = this.#open.get(id)
    return session?.space === space ? session.transport : null
  }

  /**
   * The session gets its id, and a place in here, when the `initialize` request has been answered.
   */
  async begin (space: Space): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: id => {
        this.#open.set(id, { transport, space })
      }
    })
    transport.onclose = () => {
      this.#open.delete(transport.sessionId ?? '')
    }
    await createMcpServer(space).connect(transport)
    return transport
  }

  /** Ends every stream and aborts every call under way. */
  async closeAll (): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ transport }) => transport.close()))
  }
}
