import type { Answer } from '../../platform/dial/thin-fetch.ts'
import { retryAfterMs } from '../../platform/retry-after.ts'
import { cutBytes } from '../../platform/text.ts'
import { readMessage, type Awaited, type Reading } from './answer.ts'
import { withoutBinaries } from './binaries.ts'
import { drain, firstOf, oneChunk, textOf } from './chunks.ts'
import { readEvents, writeEvent, type ServerEvent } from './events.ts'

/** One request to an app, and all that may come in place of its answer. */

export interface ResponseLimits {
  /** Of one answer, without the pictures and files in it. */
  maxResponseBytes: number
  /**
   * A cut stream that can be resumed is given this long; the SDK would wait out the whole time
   * limit of the call.
   */
  resumeGraceMs: number
}

/** The app answered, so it has acted, but with more than we take in. */
export class ResponseTooLargeError extends Error {}
/** The stream ended without the answer, so whether the app has acted cannot be told. */
export class AnswerLostError extends Error {}

/**
 * Kept of a refusal: enough for the words of a JSON-RPC error, a problem document or the head of a
 * page.
 */
const MAX_BODY_BYTES = 4096

/** What came with a status that is no success. */
export interface RefusedResponse {
  status: number
  statusText: string
  retryAfterMs: number | undefined
  headers: Record<string, string>
  /** Its first bytes. */
  body: string
}

/** One request to the app, from its beginning to its answer. It may take several messages. */
export interface WatchedRequest {
  /**
   * Aborted with the signal it was begun with, or with one of the errors above. Never after `end`:
   * the SDK would then cancel a request that is long answered.
   */
  readonly signal: AbortSignal
  /** Set where the last message was refused. */
  readonly refusal: RefusedResponse | undefined
  end(): void
}

export function isEventStream (response: Response): boolean {
  return response.ok && response.headers.get('content-type')?.includes('text/event-stream') === true
}

export class RequestWatch implements WatchedRequest {
  readonly #limits: ResponseLimits
  readonly #outer: AbortSignal
  readonly #controller = new AbortController()
  readonly #forward = () => this.#controller.abort(this.#outer.reason)
  #awaited: Awaited | undefined
  #answered = false
  #openStreams = 0
  #grace: NodeJS.Timeout | undefined
  #ended = false
  #refusal: RefusedResponse | undefined

  constructor (outer: AbortSignal, limits: ResponseLimits) {
    this.#outer = outer
    this.#limits = limits
    if (outer.aborted) this.#forward()
    else outer.addEventListener('abort', this.#forward, { once: true })
  }

  get signal (): AbortSignal {
    return this.#controller.signal
  }

  get refusal (): RefusedResponse | undefined {
    return this.#refusal
  }

  end (): void {
    this.#ended = true
    this.#outer.removeEventListener('abort', this.#forward)
    clearTimeout(this.#grace)
  }

  /** The next message of this request goes out. */
  expect (awaited: Awaited): void {
    this.#awaited = awaited
    this.#answered = false
    this.#refusal = undefined
    clearTimeout(this.#grace)
  }

  async take (response: Answer): Promise<Response> {
    if (!response.ok) return await this.#refused(response)
    if (isEventStream(response)) return await this.#inOnePiece(response)
    if (response.headers.get('content-type')?.includes('application/json') !== true) {
      return response.withChunks(this.#limited(response.chunks))
    }
    return this.#asJson(response, JSON.parse(await textOf(this.#limited(response.chunks))))
  }

  async #refused (response: Answer): Promise<Response> {
    const { status, statusText, headers } = response
    const body = await textOf(firstOf(response.chunks, this.#limits.maxResponseBytes)).catch(() =>
      ''
    )
    if (!this.#ended) {
      this.#refusal = {
        status,
        statusText,
        retryAfterMs: retryAfterMs(headers.get('retry-after'), Date.now()),
        headers: Object.fromEntries(headers.entries()),
        body: cutBytes(body, MAX_BODY_BYTES).text
      }
    }
    return response.withChunks(oneChunk(body))
  }

  #asJson (response: Answer, body: unknown): Response {
    const awaited = this.#awaited
    if (awaited === undefined) return response.withJson(body)
    const readings = [body].flat().map((message: unknown) => readMessage(message, awaited))
    const messages = readings.flatMap(reading =>
      reading.kind === 'foreign' ? [] : [reading.message]
    )
    if (!readings.some(({ kind }) => kind === 'answer')) {
      throw new AnswerLostError('what the app sent is no answer to the request')
    }
    this.#answered = true
    return response.withJson(Array.isArray(body) ? messages : messages[0])
  }

  /**
   * Most streams are one event, the answer. It is handed over as what it is: taking it apart as a
   * stream of the web costs more than everything else about a call.
   */
  async #inOnePiece (response: Answer): Promise<Response> {
    const events = this.#read(response.chunks)
    const { done, value } = await events.next()
    if (done === true) return response.withChunks(oneChunk(''))
    if (value.answer === undefined) return response.withChunks(written(value, events))
    // Nothing follows the answer; what comes all the same is for nobody.
    drain(events).catch(() => {})
    return response.withJson(value.answer)
  }

  /** The stream that a cut one is resumed by. */
  async *events (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* written(undefined, this.#read(chunks))
  }

  /**
   * However a stream ends: when no other one is left that could still bring the answer, the grace
   * begins.
   */
  async *#read (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEvent> {
    this.#openStreams++
    clearTimeout(this.#grace)
    try {
      for await (const event of readEvents(this.#limited(chunks))) {
        const read = this.#readEvent(event)
        if (read !== undefined) yield read
      }
    } catch (error) {
      // A stream that breaks off has ended.
      if (error instanceof ResponseTooLargeError) throw error
    } finally {
      this.#openStreams--
      if (this.#openStreams === 0 && !this.#ended && !this.#answered) this.#waitForMore()
    }
  }

  #readEvent (event: ServerEvent): ReadEvent | undefined {
    // A stream of revision 2026-07-28 is not resumed: without an id the SDK does not try.
    const kept = this.#awaited?.stateless === true ? { event: event.event } : event
    const reading = event.data === '' ? undefined : this.read(event.data)
    if (reading === undefined || reading.kind === 'foreign') {
      return 'id' in kept
        ? { event: { ...kept, data: '' } }
        : undefined
    }
    return {
      event: { ...kept, data: JSON.stringify(reading.message) },
      ...(reading.kind === 'answer' && { answer: reading.message })
    }
  }

  read (json: string): Reading | undefined {
    if (this.#awaited === undefined) return undefined
    const reading = readMessage(parsed(json), this.#awaited)
    if (reading.kind === 'answer') this.#answered = true
    return reading
  }

  #waitForMore (): void {
    const graceMs = this.#awaited?.stateless === true ? 0 : this.#limits.resumeGraceMs
    this.#grace = setTimeout(() => this.#give(new AnswerLostError('the answer broke off')), graceMs)
  }

  async *#limited (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0
    for await (const chunk of withoutBinaries(body)) {
      bytes += chunk.byteLength
      if (bytes > this.#limits.maxResponseBytes) throw this.tooLarge()
      yield chunk
    }
  }

  tooLarge (): Error {
    return this.#give(
      new ResponseTooLargeError(
        `the result is too large (over ${this.#limits.maxResponseBytes / 1_000_000} MB)`
      )
    )
  }

  #give (error: Error): Error {
    if (!this.#ended && !this.#answered) this.#controller.abort(error)
    return error
  }
}

interface ReadEvent {
  event: ServerEvent
  answer?: object
}

async function* written (
  first: ReadEvent | undefined,
  rest: AsyncIterable<ReadEvent>
): AsyncGenerator<Uint8Array> {
  if (first !== undefined) yield writeEvent(first.event)
  for await (const { event } of rest) yield writeEvent(event)
}

function parsed (json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
