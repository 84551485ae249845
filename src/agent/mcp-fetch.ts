/**
 * Guards against two things the SDK accepts: answers of any size, and a stream that ends without the answer
 * it was opened for.
 */

const MAX_RESPONSE_BYTES = 1_000_000
/**
 * A cut stream that can be resumed is given this long; the SDK would wait out the whole time limit of the
 * call.
 */
const RESUME_GRACE_MS = 10_000

export interface ResponseWatch {
  fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  /** Begins a call. The signal aborts it when its answer is too large or its stream ended without one. */
  begin (): AbortSignal
}

export function watchResponses (): ResponseWatch {
  let current = new AbortController()
  return {
    begin () {
      current = new AbortController()
      return current.signal
    },
    async fetch (url, init) {
      const call = current
      const response = await fetch(url, init)
      if (init?.method !== 'POST' || response.body === null) return response
      const isStream = response.headers.get('content-type')?.includes('text/event-stream') === true
      const body = response.body.pipeThrough(limited(call, isStream))
      return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers })
    }
  }
}

function limited (call: AbortController, isStream: boolean): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0
  return new TransformStream({
    transform (chunk, controller) {
      bytes += chunk.byteLength
      if (bytes <= MAX_RESPONSE_BYTES) return controller.enqueue(chunk)
      const error = new Error(`the result is too large (over ${MAX_RESPONSE_BYTES / 1_000_000} MB)`)
      call.abort(error)
      controller.error(error)
    },
    flush () {
      if (isStream) setTimeout(() => call.abort(new Error('the answer broke off')), RESUME_GRACE_MS).unref()
    }
  })
}
