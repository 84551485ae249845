import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Dispatcher } from 'undici'

/**
 * `fetch` without its web streams and all else that the standard asks of it, for the CPU it takes (docs/performance.md). For
 * what SDKs do with one: a body of text, no redirect followed, an answer that is read once.
 */

/** A `Response` whose body can be read without web streams. */
export interface Answer extends Response {
  readonly chunks: AsyncIterable<Uint8Array>
  /** The same answer, with what is made of its chunks as its body. */
  withChunks (chunks: AsyncIterable<Uint8Array>): Answer
  /** The same answer with another body, as JSON. */
  withJson (text: string): Answer
}

/** Loaded with the first request: a process that only answers starts sooner and holds less. */
let undici: Promise<typeof import('undici')> | undefined

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Answer>

/** @param dispatcher undefined: the connections that all of the process shares */
export function thinFetch (dispatcher?: Dispatcher): Fetch {
  return async (url, { method = 'GET', headers, body, signal } = {}) => {
    const { username, password } = new URL(url)
    // As fetch does it: an address like that is a secret, and would be shown as an address.
    if (username !== '' || password !== '') throw new TypeError('A URL with a user or a password in it is not called.')
    if (body !== undefined && body !== null && typeof body !== 'string') throw new TypeError('Only text can be sent.')
    const sent = headers === undefined ? {} : Object.fromEntries(headers instanceof Headers ? headers : new Headers(headers))
    const options = { method: method as Dispatcher.HttpMethod, headers: sent, body: body ?? null, signal: signal ?? null, dispatcher }
    const { request } = await (undici ??= import('undici'))
    const answer = await request(url, options).catch((error: unknown) => { throw failed(error, signal) })
    return new ThinResponse(String(url), answer, bodyOf(answer, signal)) as unknown as Answer
  }
}

/** As `fetch` puts it: what the signal was aborted with, or the reason as the cause. */
function failed (error: unknown, signal: AbortSignal | null | undefined): unknown {
  return signal?.aborted === true ? signal.reason : new TypeError('fetch failed', { cause: error })
}

interface Body {
  chunks: AsyncIterable<Uint8Array>
  text (): Promise<string>
  /** Nobody is going to read it. */
  discard (): Promise<void>
}

function bodyOf ({ body, headers }: Dispatcher.ResponseData, signal: AbortSignal | null | undefined): Body {
  const stream = unpacked(body, headers['content-encoding'])
  return {
    chunks: stream,
    text: () => (stream === body ? body.text() : text(stream)).catch((error: unknown) => { throw failed(error, signal) }),
    discard: () => body.dump()
  }
}

type Head = Pick<Dispatcher.ResponseData, 'statusCode' | 'statusText' | 'headers'>

/** What is read of a `Response`. */
class ThinResponse implements Pick<Answer, 'status' | 'statusText' | 'ok' | 'url' | 'headers' | 'body' | 'json' | 'text' | 'chunks'> {
  readonly url: string
  readonly #head: Head
  readonly #source: Body
  #headers: Headers | undefined
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
    this.#headers ??= toHeaders(this.#head.headers)
    return this.#headers
  }

  get chunks (): AsyncIterable<Uint8Array> {
    return this.#source.chunks
  }

  /** Made when it is asked for: most answers are read whole. */
  get body (): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#body ??= toWeb(this.#source)
    return this.#body
  }

  async json (): Promise<unknown> {
    return JSON.parse(await this.#source.text())
  }

  text (): Promise<string> {
    return this.#source.text()
  }

  withChunks (chunks: AsyncIterable<Uint8Array>): ThinResponse {
    return new ThinResponse(this.url, this.#head, { ...this.#source, chunks, text: () => text(chunks) })
  }

  withJson (json: string): ThinResponse {
    const head = { ...this.#head, headers: { ...this.#head.headers, 'content-type': 'application/json' } }
    return new ThinResponse(this.url, head, { chunks: Readable.from([Buffer.from(json)]), text: async () => json, discard: async () => {} })
  }
}

/** By hand: Node's own conversion makes an error, with its stack, of every body that is not read. */
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

function toHeaders (raw: IncomingHttpHeaders): Headers {
  return new Headers(Object.entries(raw).flatMap(([name, value]) => [value ?? []].flat().map(each => [name, each] as [string, string])))
}

const UNPACK: Record<string, () => NodeJS.ReadWriteStream> = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress }

/** We never ask for it, and some pack all the same. */
function unpacked (body: Readable, encoding: string | string[] | undefined): Readable {
  const unpack = UNPACK[String(encoding).toLowerCase()]
  // How it ends is told by the stream that is read.
  return unpack === undefined ? body : pipeline(body, unpack(), () => {}) as unknown as Readable
}
