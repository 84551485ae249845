import {
  Client,
  SdkError,
  SdkErrorCode,
  StreamableHTTPClientTransport,
  type ClientOptions,
  type PriorDiscovery,
  type RequestOptions,
  type StandardSchemaV1,
  type Tool,
  type Transport
} from '@modelcontextprotocol/client'
import { wholeResult } from './answer.ts'
import { answerWithDefaults } from './elicitation.ts'
import { SessionClosedError } from './failures.ts'
import { watchResponses } from './fetch.ts'
import { patientReconnections } from './reconnections.ts'
import { ownError } from './sdk-errors.ts'
import { SseTransport } from './sse.ts'
import type { ResponseLimits, WatchedRequest } from './watch.ts'
import { hideIn } from '../../platform/secrets.ts'
import type { McpEra } from '../tools/toolbox.ts'
import { atMost } from '../../platform/deadline.ts'
import type { Dial } from '../../platform/dial/dialler.ts'

/**
 * One session with an MCP server over HTTP, in one of the eras of the protocol: the one door to the
 * MCP SDK. Repairs nothing.
 */

export interface SessionLimits extends ResponseLimits {
  connectTimeoutMs: number
  /** For one page of tools. */
  listTimeoutMs: number
  closeTimeoutMs: number
}

export interface SessionOptions {
  url: string
  dial: Dial
  /** Asked for every request. */
  headers: () => Record<string, string>
  /** Taken out of all that the app says; more may come in. */
  secrets: ReadonlySet<string>
  limits: SessionLimits
  /** The app says that its tools are no longer those it listed. */
  onToolsChanged: () => void
}

/** How a session is begun. Without `prior` the server is asked first which era it is of. */
export type Way = { over: 'http', prior?: PriorDiscovery } | { over: 'sse' }

export interface Session {
  readonly era: McpEra
  /** How a next session may begin without asking again which era it is. */
  readonly way: Way
  readonly protocolVersion: string | null
  readonly serverInfo: { name: string, version: string } | null
  /** All tools, as the server wrote them. */
  listTools(signal: AbortSignal): Promise<unknown[]>
  /** @param timeoutMs for one call; progress gives it more, up to three times as much */
  callTool(
    name: string,
    input: Record<string, unknown>,
    timeoutMs: number,
    signal: AbortSignal
  ): Promise<Record<string, unknown>>
  /**
   * Never waits long for a server that hangs.
   * @param known false: the server has forgotten the session already; otherwise it is told
   */
  close(known?: boolean): Promise<void>
}

const MAX_PAGES = 50
const MAX_TOOLS = 512

/**
 * For structured results, which we do not ask for; else the SDK would build an Ajv of its own for
 * every session.
 */
const NOTHING_TO_VALIDATE: NonNullable<ClientOptions['jsonSchemaValidator']> = {
  getValidator: () => value => ({ valid: true, data: value as never, errorMessage: undefined })
}

/** How the SDK says that it found no answer to what a tool asks its user. */
const NOT_ANSWERED: string[] = [
  SdkErrorCode.CapabilityNotSupported,
  SdkErrorCode.InputRequiredRoundsExceeded
]

/** What the SDK would make of a result is of no use: `wholeResult` takes the real one out. */
const AS_IT_IS: StandardSchemaV1<unknown, unknown> = {
  '~standard': { version: 1, vendor: 'persona-runner', validate: value => ({ value }) }
}

/**
 * @throws HttpError, RpcError, NoAnswerInTimeError and what `fetch` throws, as all methods of a
 *   session do
 */
export async function openSession (
  options: SessionOptions,
  way: Way,
  signal: AbortSignal
): Promise<Session> {
  const { url, dial, headers, secrets, limits, onToolsChanged } = options
  const watch = watchResponses(limits, dial, way.over === 'sse')
  const send = (to: string | URL, init?: RequestInit) =>
    watch.fetch(to, { ...init, headers: { ...plain(init?.headers), ...headers() } })
  const transport: Transport = way.over === 'sse'
    ? new SseTransport(new URL(url), send, watch, limits.connectTimeoutMs)
    : new StreamableHTTPClientTransport(new URL(url), {
      fetch: send,
      reconnectionScheduler: patientReconnections()
    })
  const client = new Client({ name: 'persona-runner', version: '0.1.0' }, {
    capabilities: { elicitation: { form: { applyDefaults: true } } },
    jsonSchemaValidator: NOTHING_TO_VALIDATE,
    versionNegotiation: {
      mode: way.over === 'sse' ? 'legacy' : 'auto',
      probe: { timeoutMs: limits.connectTimeoutMs / 2 }
    }
  })
  client.setRequestHandler('elicitation/create', answerWithDefaults)
  client.setNotificationHandler('notifications/tools/list_changed', onToolsChanged)
  // Without a listener a background stream that breaks would surface as an unhandled error; calls
  // report their own failures.
  client.onerror = () => {}

  /**
   * What is done within is watched; what the watch objects to counts more than how the SDK puts it.
   */
  async function watched<T> (
    signal: AbortSignal,
    work: (request: WatchedRequest) => Promise<T>
  ): Promise<T> {
    const request = watch.begin(signal)
    try {
      request.signal.throwIfAborted()
      return hideIn(await work(request), secrets)
    } catch (error) {
      throw request.signal.aborted
        ? request.signal.reason
        : ownError(error, request.refusal, secrets)
    } finally {
      request.end()
    }
  }

  const asked = (signal: AbortSignal, send: (signal: AbortSignal) => Promise<unknown>) =>
    watched(signal, async request => {
      if (client.transport === undefined) {
        throw new SessionClosedError('the app has closed the session')
      }
      return wholeResult(await send(request.signal).catch(unanswerable))
    })
  const ask = (
    message: Parameters<Client['request']>[0],
    options: RequestOptions,
    signal: AbortSignal
  ) => asked(signal, signal => client.request(message, AS_IT_IS, { ...options, signal }))

  try {
    await watched(signal, async request => {
      // The SDK's own look at the era of a server knows no signal.
      const giveUp = () => {
        transport.close().catch(() => {})
      }
      request.signal.addEventListener('abort', giveUp, { once: true })
      await client.connect(transport, {
        timeout: limits.connectTimeoutMs,
        signal: request.signal,
        ...(way.over === 'http' && way.prior !== undefined && { prior: way.prior })
      })
      request.signal.removeEventListener('abort', giveUp)
    })
  } catch (error) {
    await client.close().catch(() => {})
    throw error
  }
  let withHeaders: ReturnType<typeof toolsWithHeaders> = new Map()
  const isStateless = client.getProtocolEra() === 'modern'
  if (isStateless && client.getServerCapabilities()?.tools?.listChanged === true) {
    hearOfChanges(client, limits)
  }

  return {
    era: isStateless ? 'stateless' : way.over === 'sse' ? 'sse' : 'session',
    way: way.over === 'sse' ? way : { over: 'http', prior: verdictOf(client) },
    protocolVersion: client.getNegotiatedProtocolVersion() ?? null,
    serverInfo: hideIn(client.getServerVersion() ?? null, secrets),
    async listTools (signal) {
      const tools = await allPages(cursor =>
        ask({ method: 'tools/list', params: cursor === undefined ? {} : { cursor } }, {
          timeout: limits.listTimeoutMs
        }, signal)
      )
      withHeaders = isStateless ? toolsWithHeaders(tools) : new Map()
      return tools
    },
    callTool (name, input, timeoutMs, signal) {
      const options = {
        timeout: timeoutMs,
        maxTotalTimeout: timeoutMs * 3,
        resetTimeoutOnProgress: true,
        onprogress: () => {}
      }
      const params = { name, arguments: input }
      const toolDefinition = withHeaders.get(name)
      return toolDefinition === undefined
        ? ask({ method: 'tools/call', params }, options, signal)
        : asked(signal, signal => client.callTool(params, { ...options, signal, toolDefinition }))
    },
    async close (known = true) {
      const goodbye = known && transport instanceof StreamableHTTPClientTransport
        ? transport.terminateSession()
        : Promise.resolve()
      await atMost(limits.closeTimeoutMs, goodbye)
      await atMost(limits.closeTimeoutMs, client.close())
    }
  }
}

/** What nobody here can answer comes out as the question that it is. */
function unanswerable (error: unknown): unknown {
  if (error instanceof SdkError && NOT_ANSWERED.includes(error.code)) {
    return { resultType: 'input_required' }
  }
  throw error
}

/**
 * In revision 2026-07-28 news of the tools come on a stream that is asked for. A run goes on
 * without it.
 */
function hearOfChanges (client: Client, { listTimeoutMs }: SessionLimits): void {
  client.listen({ toolsListChanged: true }, { timeout: listTimeoutMs }).catch(() => {})
}

/**
 * Tools of 2026-07-28 may want arguments in headers, for what stands between; the SDK puts them
 * there by the tool's schema.
 */
function toolsWithHeaders (tools: unknown[]): Map<unknown, Tool> {
  const wanting = tools.filter(tool => JSON.stringify(tool)?.includes('"x-mcp-header"')) as Pick<
    Tool,
    'name' | 'inputSchema'
  >[]
  return new Map(wanting.map(({ name, inputSchema }) => [name, { name, inputSchema }]))
}

function verdictOf (client: Client): PriorDiscovery {
  const discover = client.getDiscoverResult()
  return discover === undefined ? { kind: 'legacy' } : { kind: 'modern', discover }
}

function plain (headers: RequestInit['headers']): Record<string, string> {
  return Object.fromEntries(headers instanceof Headers ? headers : new Headers(headers))
}

/** The SDK's own list gives the first page only and drops all tools over one that is malformed. */
async function allPages (
  page: (cursor: string | undefined) => Promise<Record<string, unknown>>
): Promise<unknown[]> {
  const tools: unknown[] = []
  const seen = new Set<string>()
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES && tools.length < MAX_TOOLS; pages++) {
    const result = await page(cursor)
    if (Array.isArray(result.tools)) tools.push(...result.tools as unknown[])
    if (typeof result.nextCursor !== 'string' || seen.has(result.nextCursor)) break
    cursor = result.nextCursor
    seen.add(cursor)
  }
  return tools.slice(0, MAX_TOOLS)
}
