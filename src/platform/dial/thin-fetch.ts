import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Dispatcher, request } from 'undici'
import { AnswerTooLargeError, bounded, USUAL_MAX_BYTES } from './bounded.ts'

/**
 * `fetch` without its web streams and all else that the standard asks of it, for the CPU it takes
 * (docs/performance.md). For what SDKs do with one: a body of text or bytes, no redirect followed,
 * an answer that is read once.
 */

/** A `Response` whose body can be read without web streams. */
export interface Answer extends Response {
  readonly chunks: AsyncIterable<Uint8Array>
  /** The same answer, with what is made of its chunks as its body. */
  withChunks(chunks: AsyncIterable<Uint8Array>): Answer
  /** The same answer with another body: a JSON value that was read already. */
  withJson(value: unknown): Answer
}

/** Loaded with the first request: a process that only answers starts sooner and holds less. */
let loaded: Promise<{ request: typeof request, shared(): Dispatcher }> | undefined

/**
 * Node has a copy of undici of its own, and would connect through it: two copies take more CPU than
 * one. What is set for the process, such as a proxy, is taken as it is.
 */
async function load () {
  const { Agent, getGlobalDispatcher, request } = await import('undici')
  const own = new Agent()
  return {
    request,
    shared () {
      const standing = getGlobalDispatcher()
      return standing.constructor.name === Agent.name ? own : standing
    }
  }
}

interface FetchInit extends RequestInit {
  /**
   * Of the body after unpacking; a larger one is not read to its end (AnswerTooLargeError).
   * Undefined: 1 MB. Infinity: the reader of the chunks counts them.
   */
  maxBytes?: number
}

export interface Fetch {
  (url: string | URL, init?: FetchInit): Promise<Answer>
}

/** @param dispatcher undefined: the connections that all of the process shares */
export function thinFetch (dispatcher?: Dispatcher): Fetch {
  return async (
    url,
    { method = 'GET', headers, body, signal, maxBytes = USUAL_MAX_BYTES } = {}
  ) => {
    const to = url instanceof URL ? url : new URL(url)
    // As fetch does it: an address like that is a secret, and would be shown as an address.
    if (to.username !== '' || to.password !== '') {
      throw new TypeError('A URL with a user or a password in it is not called.')
    }
    if (!isSendable(body)) throw new TypeError('Only text and bytes can be sent.')
    const sent = headers instanceof Headers || Array.isArray(headers)
      ? Object.fromEntries(headers)
      : headers
    const { request, shared } = await (loaded ??= load())
    const answer = await request(to, {
      method: method as Dispatcher.HttpMethod,
      headers: sent ?? {},
      body: body ?? null,
      signal: signal ?? null,
      dispatcher: dispatcher ?? shared()
    }).catch((error: unknown) => {
      throw failed(error, signal)
    })
    return new ThinResponse(
      to.href,
      answer,
      bodyOf(answer, { signal, maxBytes })
    ) as unknown as Answer
  }
}

function isSendable (
  body: RequestInit['body']
): body is string | Uint8Array<ArrayBuffer> | null | undefined {
  return body === undefined || body === null || typeof body === 'string' ||
    body instanceof Uint8Array
}

/** As `fetch` puts it: what the signal was aborted with, or the reason as the cause. */
function failed (error: unknown, signal: AbortSignal | null | undefined): unknown {
  if (error instanceof AnswerTooLargeError) return error
  return signal?.aborted === true ? signal.reason : new TypeError('fetch failed', { cause: error })
}

interface Body {
  chunks: AsyncIterable<Uint8Array>
  text(): Promise<string>
  json(): Promise<unknown>
  /** The caller will not read the body; its connection is freed. */
  discard(): Promise<void>
}

interface Reading {
  signal: AbortSignal | null | undefined
  maxBytes: number
}

function bodyOf ({ body, headers }: Dispatcher.ResponseData, { signal, maxBytes }: Reading): Body {
  const stream = unpacked(body, headers['content-encoding'])
  const chunks = maxBytes === Infinity ? stream : bounded(stream, maxBytes)
  const whole = () =>
    text(chunks).catch((error: unknown) => {
      throw failed(error, signal)
    })
  return { chunks, ...asRead(whole), discard: () => body.dump() }
}

function asRead (text: () => Promise<string>): Pick<Body, 'text' | 'json'> {
  return { text, json: async () => JSON.parse(await text()) }
}

type Head = Pick<Dispatcher.ResponseData, 'statusCode' | 'statusText' | 'headers'>

/** What is read of a `Response`. */
class ThinResponse implements
  Pick<
    Answer,
    'status' | 'statusText' | 'ok' | 'url' | 'headers' | 'body' | 'json' | 'text' | 'chunks'
  > {
  readonly url: string
  readonly #head: Head
  readonly #source: Body
  #headers: ThinHeaders | undefined
  #body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined

  constructor (url: string, head: Head, source: Body) {
    this.url = url
    this.#head = head
    this.#source = source
  }

  get status (): number {
    return this.#head.statusCode
  }

  get statusText (): string {
    return this.#head.statusText
  }

  get ok (): boolean {
    return this.status >= 200 && this.status <= 299
  }

  get headers (): Headers {
    this.#headers ??= new ThinHeaders(this.#head.headers)
    return this.#headers as unknown as Headers
  }

  get chunks (): AsyncIterable<Uint8Array> {
    return this.#source.chunks
  }

  /** Made when it is asked for: most answers are read whole. */
  get body (): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#body ??= toWeb(this.#source)
    return this.#body
  }

  json (): Promise<unknown> {
    return this.#source.json()
  }

  text (): Promise<string> {
    return this.#source.text()
  }

  withChunks (chunks: AsyncIterable<Uint8Array>): ThinResponse {
    return new ThinResponse(this.url, this.#head, {
      ...this.#source,
      chunks,
      ...asRead(() => text(chunks))
    })
  }

  withJson (value: unknown): ThinResponse {
    const head = {
      ...this.#head,
      headers: { ...this.#head.headers, 'content-type': 'application/json' }
    }
    const text = () => JSON.stringify(value)
    const chunks = {
      async *[Symbol.asyncIterator] () {
        yield Buffer.from(text())
      }
    }
    return new ThinResponse(this.url, head, {
      chunks,
      text: async () => text(),
      json: async () => value,
      discard: async () => {}
    })
  }
}

/**
 * By hand: Node's own conversion makes an error, with its stack, of every body that is not read.
 */
function toWeb ({ chunks, discard }: Body): ReadableStream<Uint8Array<ArrayBuffer>> {
  let iterator: AsyncIterator<Uint8Array> | undefined
  return new ReadableStream({
    async pull (controller) {
      iterator ??= chunks[Symbol.asyncIterator]()
      const { done, value } = await iterator.next()
      if (done === true) controller.close()
      else controller.enqueue(value as Uint8Array<ArrayBuffer>)
    },
    async cancel () {
      await (iterator === undefined ? discard() : iterator.return?.())
    }
  }, { highWaterMark: 0 })
}

/** What is read of the `Headers` of an answer, which take longer to make than to read. */
class ThinHeaders
  implements Pick<Headers, 'get' | 'has' | 'getSetCookie' | 'entries' | typeof Symbol.iterator> {
  readonly #raw: IncomingHttpHeaders

  constructor (raw: IncomingHttpHeaders) {
    this.#raw = raw
  }

  get (name: string): string | null {
    const value = this.#raw[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value ?? null
  }

  has (name: string): boolean {
    return this.get(name) !== null
  }

  getSetCookie (): string[] {
    return [this.#raw['set-cookie'] ?? []].flat()
  }

  entries () {
    return Object.keys(this.#raw).map((name): [string, string] => [name, this.get(name) ?? ''])
      .values()
  }

  [Symbol.iterator] () {
    return this.entries()
  }
}

const UNPACK: Record<string, () => NodeJS.ReadWriteStream> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress
}

/** We never ask for it, and some pack all the same. */
function unpacked (body: Readable, encoding: string | string[] | undefined): Readable {
  const unpack = UNPACK[String(encoding).toLowerCase()]
  // How it ends is told by the stream that is read.
  return unpack === undefined ? body : pipeline(body, unpack(), () => {}) as unknown as Readable
}
