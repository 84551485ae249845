import type { Dial } from '../../platform/dial/dialler.ts'
import type { Answer } from '../../platform/dial/thin-fetch.ts'
import type { Awaited } from './answer.ts'
import { withoutBinaries } from './binaries.ts'
import { readEvents } from './events.ts'
import {
  isEventStream,
  RequestWatch,
  ResponseTooLargeError,
  type ResponseLimits,
  type WatchedRequest
} from './watch.ts'

/**
 * Guards against what the SDK accepts or drops: answers of any size, a stream that ends without the
 * answer it was opened for, an answer to something else, an error without an id, results that its
 * schemas do not know.
 */

/** What comes on a stream that outlives requests: where to post messages, or a message. */
export type Streamed = { endpoint: string } | { message: object }

export interface ResponseWatch {
  fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  /** Reads the stream that brings all answers. Each may be as large as any answer. */
  messages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Streamed>
  /** Begins a request; the one before it must have ended. */
  begin(signal: AbortSignal): WatchedRequest
}

/** @param answersOnStream answers come by `messages`, and not where a request was sent */
export function watchResponses (
  limits: ResponseLimits,
  dial: Dial,
  answersOnStream = false
): ResponseWatch {
  let current: RequestWatch | undefined
  return {
    begin (signal) {
      current = new RequestWatch(signal, limits)
      return current
    },
    async fetch (url, given) {
      // What an answer may hold is counted here, and pictures in it are not.
      const init = { ...given, maxBytes: Infinity }
      const watch = current
      const purpose = purposeOf(init)
      if (watch === undefined || purpose === 'background') return dial(url, init)
      if (purpose === 'greeting') return greeted(await dial(url, init))
      if (purpose === 'resumed') {
        const response = await dial(url, init)
        return isEventStream(response)
          ? response.withChunks(watch.events(response.chunks))
          : response
      }
      watch.expect(purpose)
      const response = await dial(url, init)
      return answersOnStream && response.ok ? response : await watch.take(response)
    },
    async *messages (chunks) {
      let bytes = 0
      const counted = async function* () {
        for await (const chunk of withoutBinaries(chunks)) {
          bytes += chunk.byteLength
          if (bytes > limits.maxResponseBytes) {
            throw current?.tooLarge() ?? new ResponseTooLargeError()
          }
          yield chunk
        }
      }
      for await (const { event, data } of readEvents(counted())) {
        bytes = 0
        const reading = event === 'endpoint' ? undefined : current?.read(data)
        if (event === 'endpoint') yield { endpoint: data }
        else if (reading !== undefined && reading.kind !== 'foreign') {
          yield { message: reading.message }
        }
      }
    }
  }
}

/**
 * A request that is answered by what comes back; the stream that brings the rest of such an answer;
 * the word that the session has begun; or anything else.
 */
type Purpose = Awaited | 'resumed' | 'greeting' | 'background'

function purposeOf (init: RequestInit | undefined): Purpose {
  const headers = new Headers(init?.headers)
  if (init?.method !== 'POST') return headers.has('last-event-id') ? 'resumed' : 'background'
  const { id, method } = JSON.parse(String(init.body)) as { id?: string | number, method?: string }
  if (method === 'notifications/initialized') return 'greeting'
  // Answers of ours, other notifications, and the stream that news come on.
  if (id === undefined || method === undefined || method === 'subscriptions/listen') {
    return 'background'
  }
  return { id, method, stateless: headers.has('mcp-method') }
}

/**
 * A server that refuses the greeting may still do all that matters; what it does not do is said by
 * what it answers next.
 */
async function greeted (response: Answer): Promise<Response> {
  if (response.ok) return response
  await response.body?.cancel().catch(() => {})
  return new Response(null, { status: 202 })
}
