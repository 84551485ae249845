import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { json, text } from 'node:stream/consumers'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { request, type Dispatcher } from 'undici'

/**
 * `fetch` without what it costs: of our CPU in a run, WHATWG `fetch` and its web streams were a half (docs/performance.md).
 * For what SDKs do with a `fetch`: a body of text, no redirect followed, an answer that is read once.
 */

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** @param dispatcher undefined: the connections that all of the process shares */
export function thinFetch (dispatcher?: Dispatcher): Fetch {
  return async (url, { method = 'GET', headers, body, signal } = {}) => {
    if (body !== undefined && body !== null && typeof body !== 'string') throw new TypeError('Only text can be sent.')
    const sent = headers === undefined ? {} : Object.fromEntries(headers instanceof Headers ? headers : new Headers(headers))
    const options = { method: method as Dispatcher.HttpMethod, headers: sent, body: body ?? null, signal: signal ?? null, dispatcher }
    const answer = await request(url, options).catch((error: unknown) => { throw failed(error, signal) })
    return new ThinResponse(String(url), answer, signal) as unknown as Response
  }
}

/** As `fetch` puts it: what the signal was aborted with, or the reason as the cause. */
function failed (error: unknown, signal: AbortSignal | null | undefined): unknown {
  return signal?.aborted === true ? signal.reason : new TypeError('fetch failed', { cause: error })
}

/** What is read of a `Response`. */
class ThinResponse implements Pick<Response, 'status' | 'statusText' | 'ok' | 'url' | 'headers' | 'body' | 'bodyUsed' | 'json' | 'text'> {
  readonly status: number
  readonly statusText: string
  readonly url: string
  readonly #raw: IncomingHttpHeaders
  readonly #stream: Readable
  readonly #signal: AbortSignal | null | undefined
  #headers: Headers | undefined
  #body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined

  constructor (url: string, { statusCode, statusText, headers, body }: Dispatcher.ResponseData, signal: AbortSignal | null | undefined) {
    this.url = url
    this.status = statusCode
    this.statusText = statusText
    this.#raw = headers
    this.#stream = unpacked(body, headers['content-encoding'])
    this.#signal = signal
  }

  get ok (): boolean {
    return this.status >= 200 && this.status <= 299
  }

  get headers (): Headers {
    this.#headers ??= toHeaders(this.#raw)
    return this.#headers
  }

  /** Made when it is asked for: most answers are read whole. */
  get body (): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#body ??= Readable.toWeb(this.#stream) as ReadableStream<Uint8Array<ArrayBuffer>>
    return this.#body
  }

  get bodyUsed (): boolean {
    return this.#stream.readableDidRead
  }

  json (): Promise<unknown> {
    return json(this.#stream).catch((error: unknown) => { throw error instanceof SyntaxError ? error : failed(error, this.#signal) })
  }

  text (): Promise<string> {
    return text(this.#stream).catch((error: unknown) => { throw failed(error, this.#signal) })
  }
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
