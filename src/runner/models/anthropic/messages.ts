import type { Anthropic as Client } from '@anthropic-ai/sdk'
import { thinFetch } from '../../../platform/dial/thin-fetch.ts'

/**
 * The one door to the Anthropic SDK, which says where a request goes, with which headers, and what
 * a refusal means. It sends nothing itself: its own way through headers, signals and clocks took a
 * tenth of a run's CPU (docs/performance.md), and retries and time limits are ours.
 */

const send = thinFetch()

export interface MessagesApi {
  /**
   * @param body JSON in UTF-8
   * @param timeoutMs told to the API; ending the request is up to the signal
   * @returns what came with a status of success: a JSON value, or text that is none
   * @throws APIError for any other status, APIConnectionError where no answer came
   */
  post(body: Uint8Array, timeoutMs: number, signal: AbortSignal): Promise<unknown>
}

/** @param baseUrl null: Anthropic's own @param maxBytes of one answer, after unpacking */
export async function openMessagesApi (
  apiKey: string,
  baseUrl: string | null,
  maxBytes: number
): Promise<MessagesApi> {
  const { Anthropic } = await import('@anthropic-ai/sdk')
  const client = new Anthropic({
    apiKey,
    baseURL: baseUrl,
    maxRetries: 0,
    logLevel: 'off',
    openTelemetry: false
  })
  const prepared = new Map<number, Promise<Prepared>>()
  return {
    async post (body, timeoutMs, signal) {
      const request = prepared.get(timeoutMs) ?? prepare(client, timeoutMs)
      prepared.set(timeoutMs, request)
      const { url, headers } = await request
      const response = await send(url, {
        method: 'POST',
        headers,
        body: body as Uint8Array<ArrayBuffer>,
        signal,
        maxBytes
      })
        .catch((cause: Error) => {
          throw new Anthropic.APIConnectionError({ cause })
        })
      if (response.ok) return isJson(response) ? response.json() : response.text()
      const text = await response.text()
      const said = parse(text)
      throw Anthropic.APIError.generate(
        response.status,
        said,
        said === undefined ? text : undefined,
        response.headers
      )
    }
  }
}

interface Prepared {
  url: string
  headers: Record<string, string>
}

/** The same for every request with this time limit. */
async function prepare (client: Client, timeout: number): Promise<Prepared> {
  const { url, req } = await client.buildRequest({ method: 'post', path: '/v1/messages', timeout })
  return {
    url,
    headers: { ...Object.fromEntries(new Headers(req.headers)), 'content-type': 'application/json' }
  }
}

function isJson ({ headers }: Response): boolean {
  const [type = ''] = (headers.get('content-type') ?? '').toLowerCase().split(';')
  return type.includes('application/json') || type.trim().endsWith('+json')
}

function parse (text: string): object | undefined {
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}
