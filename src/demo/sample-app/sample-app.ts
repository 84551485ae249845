import Fastify from 'fastify'
import { Accounts } from './accounts.ts'
import type { NewAccount } from './accounts.ts'
import { loopbackGuard } from './loopback-guard.ts'
import { mcpEndpoint, type McpFace } from './mcp-endpoint.ts'
import { seedRows } from './seed.ts'
import { signInRoutes } from './sign-in-routes.ts'
import { newSpace, type Faults } from './store.ts'

/**
 * A small app to be lived in by personas: sign-in, nine modules, an MCP server, and faults planted
 * in `calendar.ts`.
 */
export interface SampleApp {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  url: string
  mcpUrl: string
  /**
   * Adds a person whose space already holds a few rows; a known email keeps its rows and takes the
   * new password.
   */
  addAccount(account: NewAccount): { userId: string, spaceId: string }
  /**
   * How many times each tool really changed something for this person. Without accounts: in the
   * shared space.
   */
  effects(email: string): Record<string, number>
  /** Breaks these tools from now on, each with its refusal, and mends all others. */
  release(byTool: Record<string, string>): void
  /** MCP requests and notifications so far, by JSON-RPC method. */
  requests: Record<string, number>
  /** Ends at once, open event streams and calls under way included. */
  close(): Promise<void>
}

interface SampleAppOptions {
  /** 0, the default, takes any free port. */
  port?: number
  host?: string
  /** False: `/mcp` asks for no token, and everybody works in one shared space. */
  requireAccounts?: boolean
  /** Default: both, by what the client asks for. */
  face?: McpFace
}

const BODY_LIMIT_BYTES = 256 * 1024
/** Fastify by itself would wait for ever for the rest of a request. */
const REQUEST_TIMEOUT_MS = 10_000

export async function startSampleApp (options: SampleAppOptions = {}): Promise<SampleApp> {
  const { port = 0, host = '127.0.0.1', requireAccounts = true, face = 'both' } = options
  const faults: Faults = { byTool: {} }
  const accounts = new Accounts(faults)
  const requests: Record<string, number> = {}
  const sharedSpace = requireAccounts
    ? null
    : newSpace('space_shared', seedRows('shared', 'en'), faults)

  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    exposeHeadRoutes: false
  })
  loopbackGuard(app)
  signInRoutes(app, { accounts })
  mcpEndpoint(app, { accounts, face, sharedSpace, requests })
  const url = await app.listen({ port, host })

  return {
    url,
    mcpUrl: `${url}/mcp`,
    addAccount: account => {
      const { id, space } = accounts.add(account)
      return { userId: id, spaceId: space.id }
    },
    effects: email => ({ ...(sharedSpace ?? accounts.find(email)?.space)?.effects }),
    release: byTool => {
      faults.byTool = byTool
    },
    requests,
    close: async () => {
      await app.close()
    }
  }
}
