import { Client, type ClientOptions } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { ElicitRequestSchema, McpError, ResultSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { answerWithDefaults } from './mcp-elicitation.ts'
import { HttpError, MAX_BODY_BYTES, NoAnswerInTimeError, RpcError } from './mcp-failures.ts'
import { atMost } from '../deadline.ts'
import type { Dial } from '../dial/dialler.ts'
import { cutBytes } from '../text.ts'
import { hider, hideIn } from './secrets.ts'
import { watchResponses, type ResponseLimits, type WatchedRequest } from './mcp-fetch.ts'

/** One session with an MCP server over streamable HTTP: the one door to the MCP SDK. Repairs nothing. */

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

export interface Session {
  readonly protocolVersion: string | null
  readonly serverInfo: { name: string, version: string } | null
  /** All tools, as the server wrote them. */
  listTools (signal: AbortSignal): Promise<unknown[]>
  /** @param timeoutMs for one call; progress gives it more, up to three times as much */
  callTool (name: string, input: Record<string, unknown>, timeoutMs: number, signal: AbortSignal): Promise<Record<string, unknown>>
  /**
   * Never waits long for a server that hangs.
   * @param known false: the server has forgotten the session already; otherwise it is told
   */
  close (known?: boolean): Promise<void>
}

const MAX_PAGES = 50
const MAX_TOOLS = 512

/** For structured results, which we do not ask for; else the SDK would build an Ajv of its own for every session. */
const NOTHING_TO_VALIDATE: NonNullable<ClientOptions['jsonSchemaValidator']> = {
  getValidator: () => value => ({ valid: true, data: value as never, errorMessage: undefined })
}

/** @throws HttpError, RpcError, NoAnswerInTimeError and what `fetch` throws, as all methods of a session do */
export async function openSession (options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const { url, dial, headers, secrets, limits, onToolsChanged } = options
  const watch = watchResponses(limits, dial)
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: (to, init) => watch.fetch(to, { ...init, headers: { ...plain(init?.headers), ...headers() } })
  })
  const client = new Client({ name: 'persona-runner', version: '0.1.0' }, {
    capabilities: { elicitation: { form: { applyDefaults: true } } }, jsonSchemaValidator: NOTHING_TO_VALIDATE
  })
  client.setRequestHandler(ElicitRequestSchema, answerWithDefaults)
  client.setNotificationHandler(ToolListChangedNotificationSchema, onToolsChanged)
  // Without a listener a background stream that breaks would surface as an unhandled error; calls report
  // their own failures.
  client.onerror = () => {}

  /** What is done within is watched; what the watch objects to counts more than how the SDK puts it. */
  async function watched<T> (signal: AbortSignal, work: (request: WatchedRequest) => Promise<T>): Promise<T> {
    const request = watch.begin(signal)
    try {
      return hideIn(await work(request), secrets)
    } catch (error) {
      throw request.signal.aborted ? request.signal.reason : ownError(error, request.refusal, secrets)
    } finally {
      request.end()
    }
  }

  const ask = (message: Parameters<Client['request']>[0], options: RequestOptions, signal: AbortSignal) =>
    watched(signal, request => client.request(message, ResultSchema, { ...options, signal: request.signal }))

  try {
    await watched(signal, request => client.connect(transport, { timeout: limits.connectTimeoutMs, signal: request.signal }))
  } catch (error) {
    await client.close().catch(() => {})
    throw error
  }

  return {
    protocolVersion: transport.protocolVersion ?? null,
    serverInfo: hideIn(client.getServerVersion() ?? null, secrets),
    listTools: signal => allPages(cursor =>
      ask({ method: 'tools/list', params: cursor === undefined ? {} : { cursor } }, { timeout: limits.listTimeoutMs }, signal)),
    callTool: (name, input, timeoutMs, signal) => ask({ method: 'tools/call', params: { name, arguments: input } }, {
      timeout: timeoutMs, maxTotalTimeout: timeoutMs * 3, resetTimeoutOnProgress: true, onprogress: () => {}
    }, signal),
    async close (known = true) {
      const goodbye = known ? transport.terminateSession() : Promise.resolve()
      await atMost(limits.closeTimeoutMs, goodbye)
      await atMost(limits.closeTimeoutMs, client.close())
    }
  }
}

function plain (headers: RequestInit['headers']): Record<string, string> {
  return Object.fromEntries(headers instanceof Headers ? headers : new Headers(headers))
}

/** The SDK's own list gives the first page only and drops all tools over one that is malformed. */
async function allPages (page: (cursor: string | undefined) => Promise<Record<string, unknown>>): Promise<unknown[]> {
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

/** The SDK uses codes of the protocol for errors of its own, and servers use them too: only the words tell. */
function ownError (error: unknown, refusal: WatchedRequest['refusal'], secrets: ReadonlySet<string>): unknown {
  const hide = hider(secrets)
  if (error instanceof StreamableHTTPError) {
    const body = hide(/Error POSTing to endpoint: ([^]*)/.exec(error.message)?.[1] ?? '')
    const headers = Object.fromEntries(Object.entries(refusal?.headers ?? {}).map(([name, value]) => [name, hide(value)]))
    return new HttpError(error.code ?? -1, hide(error.message), {
      retryAfterMs: refusal?.retryAfterMs, headers, body: cutBytes(body, MAX_BODY_BYTES).text
    })
  }
  if (!(error instanceof McpError)) return error
  const { code } = error
  const message = hide(error.message)
  if (code === -32001 && /request timed out|maximum total timeout exceeded/i.test(message)) return new NoAnswerInTimeError(message)
  if (code === -32000 && /connection closed/i.test(message)) return error
  return new RpcError(code, message, hideIn({ data: error.data }, secrets).data)
}
