import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  startMcpFaultServer,
  type Exchange,
  type FaultServer,
  type Handler,
  type Teardown
} from '../helpers/mcp-fault-server.ts'

/**
 * An app with sign-in and sessions that fails in whatever way it is asked to, and counts what it
 * really did: a repeated effect shows even where only one row tells of it.
 */
export interface AppStandIn extends FaultServer {
  era: Era
  /** What is asked first of an app whose era is known. */
  begins: string
  /** Without a path. */
  origin: string
  /** What is listed; may be changed at any time. */
  tools: unknown[]
  /** How often each title was really added. */
  effects: Map<string, number>
  logins: number
  /** The next requests of this method go like this, one after the other; then it works again. */
  next(method: string, ...faults: Fault[]): void
  /** All requests of this method go like this; null: it works again. */
  always(method: string, fault: Fault | null): void
  /** As a restart does. */
  forgetSessions(): void
  /** As the end of a token does. */
  revokeTokens(): void
}

/**
 * @param act does what a working app does, and gives back the result to send; a fault that does not
 *   call it failed before acting
 */
export type Fault = (exchange: Exchange, act: () => unknown) => void | Promise<void>

/** Revision 2026-07-28 of MCP, without sessions, or one before it. */
export type Era = 'stateless' | 'session'

export interface AppOptions {
  /** Default: `session`. */
  era?: Era
  /** Tokens are asked for, and given out at the sign-in routes. */
  accounts?: boolean
  /** What a sign-in gives out. */
  token?: () => string
  protocolVersion?: string
}

export const text = (words: string) => ({ content: [{ type: 'text', text: words }] })

/** One that adds, one that only looks, and one that takes any number of sets for one. */
export const TOOLS = [
  {
    name: 'note.add',
    description: 'Adds a note.',
    inputSchema: { type: 'object', properties: { title: { type: 'string' } } }
  },
  {
    name: 'note.list',
    description: 'Lists the notes.',
    inputSchema: { type: 'object' },
    annotations: { readOnlyHint: true }
  },
  {
    name: 'note.pin',
    description: 'Pins a note.',
    inputSchema: { type: 'object' },
    annotations: { idempotentHint: true }
  }
]

export async function startAppStandIn (t: Teardown, options: AppOptions = {}): Promise<AppStandIn> {
  const sessions = new Set<string>()
  const tokens = new Set<string>()
  const effects = new Map<string, number>()
  const queued = new Map<string, Fault[]>()
  const standing = new Map<string, Fault>()

  const { era = 'session' } = options
  const complete = {
    ...(era === 'stateless' && { resultType: 'complete', ttlMs: 0, cacheScope: 'private' })
  }

  const working: Record<string, (exchange: Exchange) => unknown> = {
    ...(era === 'stateless' && { 'server/discover': () => ({ ...complete, ...DISCOVERY }) }),
    initialize: ({ res }) => {
      const id = randomUUID()
      sessions.add(id)
      res.setHeader('mcp-session-id', id)
      return {
        protocolVersion: options.protocolVersion ?? '2025-06-18',
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: 'stand-in', version: '1.2.3' }
      }
    },
    'tools/list': () => ({ ...complete, tools: app.tools }),
    'tools/call': ({ message }) => ({ ...complete, ...call(effects, message.params ?? {}) })
  }
  const handler = (method: string): Handler => exchange => {
    if (
      options.accounts === true &&
      !tokens.has(String(exchange.req.headers.authorization).slice('Bearer '.length))
    ) return exchange.http(401)
    const fault = queued.get(method)?.shift() ?? standing.get(method)
    const act = () => working[method]?.(exchange)
    if (fault !== undefined) return fault(exchange, act)
    if (era === 'stateless' && method === 'initialize') return refuseSession(exchange)
    if (
      era === 'session' && method !== 'initialize' &&
      !sessions.has(String(exchange.req.headers['mcp-session-id']))
    ) return exchange.http(404, 'Session not found')
    exchange.result(act())
  }
  const others = ['GET', 'DELETE'].map((method): [string, Handler] => [method, exchange => {
    const fault = queued.get(method)?.shift() ?? standing.get(method)
    return fault === undefined
      ? exchange.http(method === 'GET' ? 405 : 200)
      : fault(exchange, () => undefined)
  }])
  const signIn = (req: IncomingMessage, res: ServerResponse) => {
    const fault = standing.get('login')
    req.resume()
    if (fault !== undefined) return fault({ req, res } as Exchange, () => undefined)
    res.setHeader('content-type', 'application/json')
    if (req.url !== '/api/v1/auth/login') {
      return res.end(JSON.stringify([{ id: 's1', type: 'personal' }]))
    }
    app.logins++
    const token = options.token?.() ?? randomUUID()
    tokens.add(token)
    res.end(JSON.stringify({ token, user: { id: 'u1' } }))
  }

  const server = await startMcpFaultServer(t, {
    on: Object.fromEntries([
      ...Object.keys(working).map(method => [method, handler(method)]),
      ...others
    ]),
    elsewhere: async (req, res) => {
      await signIn(req, res)
    }
  })
  const app: AppStandIn = {
    ...server,
    era,
    begins: era === 'stateless' ? 'tools/list' : 'initialize',
    origin: new URL(server.url).origin,
    tools: TOOLS,
    effects,
    logins: 0,
    next: (method, ...faults) => {
      queued.set(method, [...queued.get(method) ?? [], ...faults])
    },
    always: (method, fault) => {
      fault === null ? standing.delete(method) : standing.set(method, fault)
    },
    forgetSessions: () => sessions.clear(),
    revokeTokens: () => tokens.clear()
  }
  return app
}

const DISCOVERY = {
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: { listChanged: true } },
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'stand-in', version: '1.2.3' } }
}

function refuseSession ({ message, http }: Exchange): void {
  const error = {
    code: -32022,
    message: 'Unsupported protocol version',
    data: { supported: DISCOVERY.supportedVersions, requested: '2025-11-25' }
  }
  http(400, JSON.stringify({ jsonrpc: '2.0', id: message.id, error }), 'application/json')
}

function call (
  effects: Map<string, number>,
  { name, arguments: input }: Record<string, unknown>
): object {
  if (name === 'note.list') return text(JSON.stringify([...effects.keys()]))
  const title = String((input as { title?: unknown } | undefined)?.title ?? name)
  effects.set(title, (effects.get(title) ?? 0) + 1)
  return text(`added ${title}`)
}

/** Fails without having acted. */
export const status =
  (code: number, body = '', headers: Record<string, string> = {}): Fault => ({ res }) => {
    res.writeHead(code, { 'content-type': 'text/plain', ...headers }).end(body)
  }

/** Acts, and then dies before it answers. */
export const actThenReset: Fault = ({ req }, act) => {
  act()
  req.socket.resetAndDestroy()
}

/** Acts, and then answers like this. */
export const actThen = (answer: (exchange: Exchange) => void): Fault => (exchange, act) => {
  act()
  answer(exchange)
}

export const silence: Fault = () => {}
