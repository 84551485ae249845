import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord } from 'scripted-claude/is-record'
import type { Teardown } from './teardown.ts'

/**
 * An app with accounts and an MCP server that keeps a book of every call that reached it. Each call
 * carries a token that the stand-in model made up for it, so that an effect that happens twice is
 * seen, and not only a row that is there twice.
 */

/** `ledger.add` has an effect every time; `ledger.look` is declared read-only. */
export const TOOLS = [
  tool('ledger.add', { readOnlyHint: false, idempotentHint: false }),
  tool('ledger.look', { readOnlyHint: true })
]

export interface SeenCall {
  token: string
  tool: string
  /** Email of the persona whose account it came with. */
  persona: string
  /** The name in the MCP address that the calling process was given. */
  worker: string
  arrivedAt: Date
  /** How often it had its effect: 0 while it waits for it. */
  acted: number
  /** `cut`: the caller was gone before it was answered. */
  answer: 'open' | 'given' | 'cut'
}

/** Instead of an answer. */
export type AppFault =
  | 'refused'
  | 'tool-error'
  | 'server-error'
  | 'reset'
  | 'silence'
  | 'garbage'
  | 'unauthorized'

export interface CountingApp {
  authUrl: string
  /** A different address for each worker, so that the book says who called. */
  mcpUrl(worker: string): string
  calls: SeenCall[]
  /**
   * How long a call takes before and after its effect, in milliseconds. May be changed at any time.
   */
  pace: { beforeMs: number, afterMs: number }
  /** Calls are carried out and not answered before this; undefined: at once. */
  held: Promise<void> | undefined
  /** What goes wrong with this call, before or after its effect; null: nothing. */
  fault: (method: string) => { kind: AppFault, after: boolean } | null
}

export async function startCountingApp (t: Teardown): Promise<CountingApp> {
  const server = createServer((req, res) => {
    serve(app, req, res).catch(() => {
      res.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const authUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const app: CountingApp = {
    authUrl,
    mcpUrl: worker => `${authUrl}/${worker}/mcp`,
    calls: [],
    pace: { beforeMs: 0, afterMs: 0 },
    held: undefined,
    fault: () => null
  }
  return app
}

function tool (name: string, annotations: Record<string, boolean>) {
  const inputSchema = {
    type: 'object',
    properties: { token: { type: 'string' } },
    required: ['token']
  }
  return {
    name,
    description: `Writes the token into the book (${name}).`,
    inputSchema,
    annotations
  }
}

async function serve (app: CountingApp, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const path = req.url ?? ''
  const body: unknown = req.method === 'POST' ? JSON.parse(await text(req)) : null
  const persona = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1] ?? ''
  if (path === '/api/v1/auth/login' && isRecord(body)) {
    return json(res, { token: body['email'], user: { id: body['email'] } })
  }
  if (path === '/api/auth/organization/list') {
    return json(res, [{ id: `space of ${persona}`, type: 'personal' }])
  }
  const worker = /^\/([^/]+)\/mcp$/.exec(path)?.[1]
  if (worker === undefined) return status(res, 404)
  if (req.method !== 'POST' || !isRecord(body)) return status(res, req.method === 'GET' ? 405 : 200)
  if (body['id'] === undefined) return status(res, 202)
  await answer(app, {
    method: String(body['method']),
    id: body['id'],
    params: body['params'],
    persona,
    worker
  }, res)
}

interface Rpc {
  method: string
  id: unknown
  params: unknown
  persona: string
  worker: string
}

async function answer (app: CountingApp, rpc: Rpc, res: ServerResponse): Promise<void> {
  const fault = app.fault(rpc.method)
  // Turned away at the door: this is not for the book.
  if (fault?.kind === 'unauthorized') return status(res, 401)
  if (rpc.method === 'tools/call') {
    const acted = fault === null || fault.after
    const said = await call(app, rpc, res, acted)
    return fault === null
      ? json(res, result(rpc, { content: [{ type: 'text', text: said }] }))
      : fail(fault.kind, rpc, res)
  }
  if (fault !== null) return fail(fault.kind, rpc, res)
  if (rpc.method === 'tools/list') return json(res, result(rpc, { tools: TOOLS }))
  const { protocolVersion } = isRecord(rpc.params) ? rpc.params : {}
  json(
    res,
    result(rpc, {
      protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'counting-app', version: '1' }
    })
  )
}

async function call (
  app: CountingApp,
  { params, persona, worker }: Rpc,
  res: ServerResponse,
  acts: boolean
): Promise<string> {
  const { name, arguments: input } = isRecord(params) ? params : {}
  const token = isRecord(input) ? String(input['token']) : ''
  const seen: SeenCall = {
    token,
    tool: String(name),
    persona,
    worker,
    arrivedAt: new Date(),
    acted: 0,
    answer: 'open'
  }
  app.calls.push(seen)
  // What has arrived is done, whoever is still there to hear of it.
  res.once('close', () => {
    seen.answer = res.writableFinished ? 'given' : 'cut'
  })
  if (app.pace.beforeMs > 0) await sleep(app.pace.beforeMs)
  if (acts) seen.acted++
  if (app.pace.afterMs > 0) await sleep(app.pace.afterMs)
  await app.held
  return `The book has ${token}.`
}

function fail (kind: Exclude<AppFault, 'unauthorized'>, rpc: Rpc, res: ServerResponse): void {
  switch (kind) {
    case 'refused':
      return json(res, {
        jsonrpc: '2.0',
        id: rpc.id,
        error: { code: -32603, message: 'the book is closed' }
      })
    case 'tool-error':
      return json(
        res,
        result(rpc, { content: [{ type: 'text', text: 'the pen is dry' }], isError: true })
      )
    case 'server-error':
      return status(res, 500)
    case 'garbage':
      res.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":')
      break
    case 'reset':
      res.socket?.resetAndDestroy()
      break
    case 'silence': // until the caller gives up
  }
}

const result = ({ id }: Rpc, value: object) => ({ jsonrpc: '2.0', id, result: value })

function json (res: ServerResponse, value: unknown): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function status (res: ServerResponse, code: number): void {
  res.writeHead(code).end()
}
