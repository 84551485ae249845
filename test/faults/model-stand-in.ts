import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { MessagesRequest } from 'scripted-claude/messages-request'
import { startScriptedClaude, type Script } from 'scripted-claude/scripted-claude'

/**
 * A Messages API that fails in whatever way a row asks for, over real HTTP and TCP. What is not to
 * fail goes on to the scripted Claude, whose checker refuses what the real API refuses.
 */

export type Fault =
  /** Any answer at all: an error of the API, a page of a proxy, a 200 with something else in it. */
  | { kind: 'answer', status: number, body: string, headers?: Record<string, string> }
  /**
   * The head of an answer and half of its body, then the end of the stream, a reset, or nothing
   * more for ever.
   */
  | { kind: 'half', then: 'fin' | 'rst' | 'stall' }
  /** The request is taken, and that is all. */
  | { kind: 'silence' }
  | { kind: 'reset' }

export interface SeenRequest {
  body: string
  request: MessagesRequest
  headers: IncomingHttpHeaders
}

export interface ModelStandIn {
  /** The base URL to give to a client. */
  url: string
  /** Everything that came in, failed or not. */
  seen: SeenRequest[]
  /** What the checker of the scripted Claude refused. */
  refusals: string[]
  close(): Promise<void>
}

export interface ModelStandInOptions {
  script: Script
  /** How the nth request fails, counted from 1; undefined: it does not. */
  faults?: (n: number, request: MessagesRequest) => Fault | undefined
}

export async function startModelStandIn (
  { script, faults = () => undefined }: ModelStandInOptions
): Promise<ModelStandIn> {
  const healthy = await startScriptedClaude({ script })
  const seen: SeenRequest[] = []
  const server = createServer((req, res) => {
    serve(req, res).catch(() => {
      res.destroy()
    })
  })
  async function serve (req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await text(req)
    const request = JSON.parse(body) as MessagesRequest
    seen.push({ body, request, headers: req.headers })
    const fault = faults(seen.length, request)
    if (fault === undefined) await passOn(`${healthy.url}${req.url}`, req, body, res)
    else play(fault, req, res)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    refusals: healthy.refusals,
    async close () {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await Promise.all([closed, healthy.close()])
    }
  }
}

async function passOn (
  url: string,
  { headers }: IncomingMessage,
  body: string,
  res: ServerResponse
): Promise<void> {
  const passed = ['x-api-key', 'authorization', 'anthropic-version', 'content-type'].flatMap(
    name => {
      const value = headers[name]
      return typeof value === 'string' ? [[name, value] as [string, string]] : []
    }
  )
  const answer = await fetch(url, { method: 'POST', headers: passed, body })
  res.writeHead(answer.status, {
    'content-type': answer.headers.get('content-type') ?? '',
    'request-id': answer.headers.get('request-id') ?? ''
  })
  res.end(await answer.text())
}

const HALF_A_MESSAGE =
  '{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"Ich'

function play (fault: Fault, req: IncomingMessage, res: ServerResponse): void {
  switch (fault.kind) {
    case 'answer':
      res.writeHead(fault.status, {
        'content-type': 'application/json',
        'request-id': 'req_stand_in',
        ...fault.headers
      }).end(fault.body)
      break
    case 'half':
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
      res.write(HALF_A_MESSAGE, () => {
        if (fault.then === 'fin') req.socket.end()
        if (fault.then === 'rst') req.socket.resetAndDestroy()
      })
      break
    case 'reset':
      req.socket.resetAndDestroy()
  }
}

export function apiError (
  status: number,
  type: string,
  message = 'no',
  headers: Record<string, string> = {}
): Fault {
  return {
    kind: 'answer',
    status,
    headers,
    body: JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_stand_in' })
  }
}

/** As the API ends a stream that it had begun with status 200. */
export function errorEvent (type: string): Fault {
  const head =
    'event: message_start\ndata: {"type":"message_start","message":{"type":"message","content":[]}}\n\n'
  const body = `${head}event: error\ndata: ${
    JSON.stringify({ type: 'error', error: { type, message: type } })
  }\n\n`
  return { kind: 'answer', status: 200, headers: { 'content-type': 'text/event-stream' }, body }
}

export function anything (body: string, contentType = 'application/json'): Fault {
  return { kind: 'answer', status: 200, headers: { 'content-type': contentType }, body }
}

/** The first requests fail so, all later ones do not. */
export function first (...faults: Fault[]): ModelStandInOptions['faults'] {
  return n => faults[n - 1]
}

export function always (fault: Fault): ModelStandInOptions['faults'] {
  return () => fault
}
