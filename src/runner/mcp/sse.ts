import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client'
import type { Answer } from '../../platform/dial/thin-fetch.ts'
import type { ResponseWatch, Streamed } from './fetch.ts'

/**
 * HTTP+SSE of revision 2024-11-05: a stream that a GET opens names in its first event the address
 * that messages are posted to, and brings every answer. The SDK's own opens a stream that broke
 * anew, which is another session.
 */
export class SseTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #url: URL
  readonly #timeoutMs: number
  readonly #send: ResponseWatch['fetch']
  readonly #watch: ResponseWatch
  readonly #controller = new AbortController()
  #endpoint: URL | undefined
  #closed = false

  /** @param timeoutMs for the stream to name the address */
  constructor (url: URL, send: ResponseWatch['fetch'], watch: ResponseWatch, timeoutMs: number) {
    this.#url = url
    this.#timeoutMs = timeoutMs
    this.#send = send
    this.#watch = watch
  }

  /** @throws NoSseServerError where no event stream with an `endpoint` opens */
  async start (): Promise<void> {
    const timer = setTimeout(() => {
      this.#controller.abort(new NoSseServerError('the event stream names no endpoint in time'))
    }, this.#timeoutMs)
    try {
      const messages = this.#watch.messages(await this.#open())
      this.#endpoint = this.#endpointOf((await messages.next()).value)
      this.#read(messages).catch((error: Error) => {
        this.onerror?.(error)
      }).finally(() => {
        this.close().catch(() => {})
      })
    } finally {
      clearTimeout(timer)
    }
  }

  async #open (): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send(this.#url, {
      headers: { accept: 'text/event-stream' },
      signal: this.#controller.signal
    })
    if (
      response.ok && response.headers.get('content-type')?.includes('text/event-stream') === true
    ) return (response as Answer).chunks
    await response.body?.cancel().catch(() => {})
    throw new NoSseServerError('the app opens no event stream')
  }

  #endpointOf (first: Streamed | undefined): URL {
    if (first === undefined || !('endpoint' in first)) {
      throw new NoSseServerError('the event stream names no endpoint')
    }
    const endpoint = new URL(first.endpoint, this.#url)
    // The persona's token goes there.
    if (endpoint.origin !== this.#url.origin) {
      throw new NoSseServerError('the endpoint is on another host')
    }
    return endpoint
  }

  async #read (messages: ReturnType<ResponseWatch['messages']>): Promise<void> {
    for await (const message of messages) {
      if ('message' in message) this.onmessage?.(message.message as JSONRPCMessage)
    }
  }

  async send (message: JSONRPCMessage): Promise<void> {
    const response = await this.#send(this.#endpoint ?? this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      signal: this.#controller.signal
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`the app refused a message (${response.status})`)
  }

  async close (): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#controller.abort()
    this.onclose?.()
  }
}

export class NoSseServerError extends Error {}
