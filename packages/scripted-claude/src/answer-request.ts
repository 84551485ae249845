import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { checkRequest, invalid } from './messages-api-checker.ts'
import type { Refusal } from './messages-api-checker.ts'
import type { MessagesRequest } from './messages-request.ts'
import type { InputUsage, PromptCache } from './prompt-cache.ts'
import { replyBody } from './scripted-reply.ts'
import type { Script, ScriptedReply } from './scripted-reply.ts'

const MAX_BODY_CHARS = 32 * 1024 * 1024

/** What one stand-in plays with and keeps, from its start to its end. */
export interface Stage {
  script: Script
  keepRequests: number
  requests: MessagesRequest[]
  refusals: string[]
  cache: PromptCache
}

/** A `body` that is text goes out as it is. */
export interface Answer {
  status: number
  headers?: Record<string, string>
  body: unknown
}

/**
 * `null`: no answer, the connection is to be reset. `signal` ends the waiting of a reply that comes
 * late.
 */
export async function answerTo (
  stage: Stage,
  req: IncomingMessage,
  signal: AbortSignal
): Promise<Answer | null> {
  const body = await text(req)
  const path = req.url?.split('?')[0]
  if (req.method !== 'POST' || path !== '/v1/messages') {
    return errorAnswer({
      status: 404,
      type: 'not_found_error',
      message: `Not found: ${req.method} ${path}`
    })
  }
  if (body.length > MAX_BODY_CHARS) {
    return errorAnswer({
      status: 413,
      type: 'request_too_large',
      message: 'Request exceeds the maximum size'
    })
  }
  const parsed = parse(body)
  const refusal = checkRequest(parsed, req.headers) ?? refuseStreaming(parsed)
  if (refusal !== null) {
    stage.refusals.push(refusal.message)
    return errorAnswer(refusal)
  }
  // The checker has proved this shape as far as scripts read it.
  return perform(stage, parsed as MessagesRequest, signal)
}

async function perform (
  stage: Stage,
  request: MessagesRequest,
  signal: AbortSignal
): Promise<Answer | null> {
  stage.requests.push(request)
  if (stage.requests.length > stage.keepRequests) stage.requests.shift()
  const index = request.messages.filter(message => message.role === 'assistant').length
  const counted = stage.cache.count(request, Date.now())
  const reply = await stage.script(request, { index })
  if (reply.delayMs !== undefined) await wait(reply.delayMs, undefined, { signal }).catch(() => {})
  const answer = toAnswer(request, reply, counted.usage)
  if (answer?.status === 200) counted.keep(Date.now())
  return answer
}

function toAnswer (
  request: MessagesRequest,
  reply: ScriptedReply,
  counted: InputUsage
): Answer | null {
  if (reply.destroy) return null
  if (reply.raw) {
    return {
      status: reply.raw.status,
      headers: { 'content-type': reply.raw.contentType },
      body: reply.raw.body
    }
  }
  if (reply.error) return { ...errorAnswer(reply.error), headers: reply.error.headers ?? {} }
  return { status: 200, body: replyBody(request, reply, counted) }
}

export function failedAnswer (cause: unknown): Answer {
  const message = `the script threw: ${cause instanceof Error ? cause.message : String(cause)}`
  return errorAnswer({ status: 500, type: 'api_error', message })
}

function errorAnswer ({ status, type, message }: Refusal): Answer {
  return { status, body: { type: 'error', error: { type, message } } }
}

/** Legal there, not built here. */
function refuseStreaming (body: unknown): Refusal | null {
  const asked = typeof body === 'object' && body !== null && 'stream' in body &&
    body.stream === true
  return asked ? invalid('stream: true is not supported by this stand-in') : null
}

/** `undefined` is no JSON value, and refused as such by the checker. */
function parse (body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
