import type { Dial } from '../dial/dialler.ts'
import type { Answer } from '../dial/thin-fetch.ts'
import { retryAfterMs } from '../text.ts'

/**
 * Guards against two things the SDK accepts: answers of any size, and a stream that ends without the answer
 * it was opened for.
 */

export interface ResponseLimits {
  /** Of one answer. */
  maxResponseBytes: number
  /**
   * A cut stream that can be resumed is given this long; the SDK would wait out the whole time limit of the
   * call.
   */
  resumeGraceMs: number
}

/** The app answered, so it has acted, but with more than we take in. */
export class ResponseTooLargeError extends Error {}
/** The stream ended without the answer, so whether the app has acted cannot be told. */
export class AnswerLostError extends Error {}

/** One request to the app, from its beginning to its answer. */
export interface WatchedRequest {
  /**
   * Aborted with the signal it was begun with, or with one of the errors above. Never after `end`: the SDK
   * would then cancel a request that is long answered.
   */
  readonly signal: AbortSignal
  /** Of the last answer that was a refusal. */
  readonly refusal: { retryAfterMs: number | undefined, headers: Record<string, string> } | undefined
  end (): void
}

export interface ResponseWatch {
  fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  /** Begins a request; the one before it must have ended. */
  begin (signal: AbortSignal): WatchedRequest
}

export function watchResponses (limits: ResponseLimits, dial: Dial): ResponseWatch {
  let current: StreamWatch | undefined
  return {
    begin (signal) {
      current = new StreamWatch(signal, limits)
      return current
    },
    async fetch (url, init) {
      const watch = current
      const response = await dial(url, init)
      if (init?.method === 'POST') watch?.see(response)
      if (watch === undefined || !mayCarryAnswer(init)) return response
      if (!isEventStream(response)) return response.withChunks(watch.limit(response.chunks))
      const chunks = watch.stream(response.chunks)
      return init?.method === 'POST' ? inOnePiece(response, chunks) : response.withChunks(chunks)
    }
  }
}

/**
 * Most streams are one event, the answer. One that comes in one piece is handed over as what it is: taking it apart as a
 * stream of the web costs more than everything else about a call.
 */
async function inOnePiece (response: Answer, chunks: AsyncGenerator<Uint8Array>): Promise<Response> {
  const { done, value } = await chunks.next()
  if (done === true) return response.withChunks(chunks)
  const answer = soleAnswer(Buffer.from(value).toString())
  if (answer === undefined) return response.withChunks(resumed(value, chunks))
  // Nothing follows the answer; what comes all the same is for nobody.
  drain(chunks).catch(() => {})
  return response.withJson(answer)
}

async function drain (chunks: AsyncGenerator<Uint8Array>): Promise<void> {
  while ((await chunks.next()).done !== true);
}

async function * resumed (first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield * rest
}

const ONE_EVENT = /^(?:event: ?message\r?\n|id:.*\r?\n)*data: ?(.*)\r?\n(?:event: ?message\r?\n|id:.*\r?\n)*\r?\n$/

/** The message of a stream that is one whole event, if that is an answer and not a question or news of the server's. */
function soleAnswer (text: string): object | undefined {
  const data = ONE_EVENT.exec(text)?.[1]
  if (data === undefined) return undefined
  try {
    const message = JSON.parse(data) as { id?: unknown, method?: unknown } | null
    return message?.id !== undefined && message.method === undefined ? message : undefined
  } catch {
    return undefined
  }
}

/** A POST, or the GET that resumes its stream; the GET for messages of the server's own is left alone. */
function mayCarryAnswer (init: RequestInit | undefined): boolean {
  return init?.method === 'POST' || new Headers(init?.headers).has('last-event-id')
}

function isEventStream (response: Response): boolean {
  return response.ok && response.headers.get('content-type')?.includes('text/event-stream') === true
}

class StreamWatch implements WatchedRequest {
  readonly #limits: ResponseLimits
  readonly #outer: AbortSignal
  readonly #controller = new AbortController()
  readonly #forward = () => this.#controller.abort(this.#outer.reason)
  #openStreams = 0
  #grace: NodeJS.Timeout | undefined
  #ended = false
  #refusal: WatchedRequest['refusal']

  constructor (outer: AbortSignal, limits: ResponseLimits) {
    this.#outer = outer
    this.#limits = limits
    if (outer.aborted) this.#forward()
    else outer.addEventListener('abort', this.#forward, { once: true })
  }

  get signal (): AbortSignal {
    return this.#controller.signal
  }

  get refusal (): WatchedRequest['refusal'] {
    return this.#refusal
  }

  see ({ ok, headers }: Response): void {
    if (ok || this.#ended) return
    this.#refusal = { retryAfterMs: retryAfterMs(headers.get('retry-after'), Date.now()), headers: Object.fromEntries(headers.entries()) }
  }

  end (): void {
    this.#ended = true
    this.#outer.removeEventListener('abort', this.#forward)
    clearTimeout(this.#grace)
  }

  async * limit (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { maxResponseBytes } = this.#limits
    let bytes = 0
    for await (const chunk of body) {
      bytes += chunk.byteLength
      if (bytes > maxResponseBytes) {
        throw this.#give(new ResponseTooLargeError(`the result is too large (over ${maxResponseBytes / 1_000_000} MB)`))
      }
      yield chunk
    }
  }

  /** However a stream ends: when no other one is left that could still bring the answer, the grace begins. */
  async * stream (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#openStreams++
    clearTimeout(this.#grace)
    try {
      yield * this.limit(body)
    } finally {
      this.#openStreams--
      if (this.#openStreams === 0 && !this.#ended) {
        this.#grace = setTimeout(() => this.#give(new AnswerLostError('the answer broke off')), this.#limits.resumeGraceMs)
      }
    }
  }

  #give (error: Error): Error {
    if (!this.#ended) this.#controller.abort(error)
    return error
  }
}
