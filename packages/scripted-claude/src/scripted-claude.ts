import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerTo, failedAnswer } from './answer-request.ts'
import type { Stage } from './answer-request.ts'
import type { MessagesRequest } from './messages-request.ts'
import { PromptCache } from './prompt-cache.ts'
import { randomId } from './scripted-reply.ts'
import type { Script } from './scripted-reply.ts'

export type { MessagesRequest } from './messages-request.ts'
export type { Script, ScriptedReply } from './scripted-reply.ts'

/**
 * For everything that shows output of a stand-in to a person. Each of its answers also carries
 * `x-stand-in`.
 */
export const STAND_IN_NOTICE =
  'stand-in model: no language model was asked, the words below are scripted'

const DEFAULT_KEPT_REQUESTS = 1_000

export interface ScriptedClaude {
  /** The base URL to give to a client, without `/v1`. */
  url: string
  /** Accepted request bodies, newest last; the oldest fall out above `keepRequests`. */
  requests: MessagesRequest[]
  /** What the checker refused, so that tests can assert that nothing was. */
  refusals: string[]
  /** Ends at once, open requests included. */
  close(): Promise<void>
}

export interface ScriptedClaudeOptions {
  script: Script
  /** 0, the default: any free port. */
  port?: number
  host?: string
  /** A demo that runs for days must not keep every conversation. Default 1,000. */
  keepRequests?: number
}

/**
 * A stand-in for `POST /v1/messages`, not streaming, over real HTTP: it refuses what the real API
 * refuses, and leaves the words to a script.
 */
export async function startScriptedClaude (
  options: ScriptedClaudeOptions
): Promise<ScriptedClaude> {
  const { script, port = 0, host = '127.0.0.1', keepRequests = DEFAULT_KEPT_REQUESTS } = options
  const stage: Stage = {
    script,
    keepRequests,
    requests: [],
    refusals: [],
    cache: new PromptCache()
  }
  const server = createServer((req, res) => serve(stage, req, res))
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host}:${bound}`,
    requests: stage.requests,
    refusals: stage.refusals,
    async close () {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}

async function serve (stage: Stage, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  // A script that throws is a bug of the test that wrote it: say so where its author looks.
  const answer = await answerTo(stage, req, gone.signal).catch(failedAnswer)
  if (gone.signal.aborted) return
  if (answer === null) {
    req.socket.resetAndDestroy()
    return
  }
  const id = `req_${randomId()}`
  const body = typeof answer.body === 'string'
    ? answer.body
    : JSON.stringify(withRequestId(answer.body, id))
  res.writeHead(answer.status, {
    'content-type': 'application/json',
    'request-id': id,
    'x-stand-in': 'persona-runner',
    ...answer.headers
  })
  res.end(body)
}

/** Errors name their request in the body too, replies only in the header. */
function withRequestId (body: unknown, id: string): unknown {
  return typeof body === 'object' && body !== null && 'error' in body
    ? { ...body, request_id: id }
    : body
}
