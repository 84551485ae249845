import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, McpError, ResultSchema } from '@modelcontextprotocol/sdk/types.js'
import type { Tool, Toolbox, ToolOutcome } from './toolbox.ts'
import { isErrorResult, resultToText } from './mcp-result.ts'
import { toTools } from './mcp-tools.ts'
import { answerWithDefaults } from './mcp-elicitation.ts'
import { watchResponses, type ResponseWatch } from './mcp-fetch.ts'
import { McpNoToolsError, McpUnauthorizedError, McpUnreachableError } from '../errors.ts'
import { oneLine } from '../text.ts'

/** The one door to the MCP SDK: an app's tools over streamable HTTP, with one persona's headers. */

export interface McpOptions {
  url: string
  /** Who the persona is to the app. */
  headers: Record<string, string>
  /** How long one tool call may take, in milliseconds. */
  callTimeoutMs: number
  /** Whether to believe what the app declares of its tools. */
  trusted: boolean
}

const CONNECT_TIMEOUT_MS = 10_000
const LIST_TIMEOUT_MS = 15_000
const CLOSE_TIMEOUT_MS = 2000
const MAX_PAGES = 50
const MAX_TOOLS = 512

interface Session { client: Client, transport: StreamableHTTPClientTransport, watch: ResponseWatch }

/** @throws McpUnreachableError, McpUnauthorizedError, McpNoToolsError */
export async function openMcpToolbox (options: McpOptions, signal: AbortSignal): Promise<Toolbox> {
  let session = await openSession(options, signal)
  let tools: Tool[]
  try {
    tools = toTools(await listAll(session.client, signal), options.trusted)
  } catch (error) {
    await closeSession(session)
    throw toConnectError(options.url, error)
  }
  if (tools.length === 0) {
    await closeSession(session)
    throw new McpNoToolsError(`The MCP server ${options.url} offers no usable tool.`)
  }
  return {
    tools,
    async call (name, input, { signal }) {
      const startedAt = performance.now()
      const since = (outcome: Omit<ToolOutcome, 'latencyMs'>): ToolOutcome => ({ ...outcome, latencyMs: performance.now() - startedAt })
      try {
        return since(await callOnce(session, name, input, options.callTimeoutMs, signal))
      } catch (error) {
        if (!isLostSession(error)) return since(toOutcome(error, signal))
        // The server refused the request before acting on it, so asking again in a new session is safe even
        // for writes.
        try {
          const lost = session
          session = await openSession(options, signal)
          await lost.client.close()
          return since(await callOnce(session, name, input, options.callTimeoutMs, signal))
        } catch (again) {
          return since(toOutcome(again, signal))
        }
      }
    },
    close: () => closeSession(session)
  }
}

async function openSession (options: McpOptions, signal: AbortSignal): Promise<Session> {
  const watch = watchResponses()
  const transport = new StreamableHTTPClientTransport(new URL(options.url), { requestInit: { headers: options.headers }, fetch: watch.fetch })
  const client = new Client({ name: 'persona-runner', version: '0.1.0' }, { capabilities: { elicitation: { form: { applyDefaults: true } } } })
  client.setRequestHandler(ElicitRequestSchema, answerWithDefaults)
  // Without a listener a background stream that breaks would surface as an unhandled error; calls report
  // their own failures.
  client.onerror = () => {}
  try {
    await client.connect(transport, { timeout: CONNECT_TIMEOUT_MS, signal })
  } catch (error) {
    await client.close().catch(() => {})
    throw toConnectError(options.url, error)
  }
  return { client, transport, watch }
}

/**
 * All pages of tools, as the server wrote them: the SDK's own list gives the first page only and drops all
 * tools over one that is malformed.
 */
async function listAll (client: Client, signal: AbortSignal): Promise<unknown[]> {
  const tools: unknown[] = []
  const seen = new Set<string>()
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES && tools.length < MAX_TOOLS; page++) {
    const result = await client.request({ method: 'tools/list', params: cursor === undefined ? {} : { cursor } }, ResultSchema, { timeout: LIST_TIMEOUT_MS, signal })
    if (Array.isArray(result.tools)) tools.push(...result.tools as unknown[])
    if (typeof result.nextCursor !== 'string' || seen.has(result.nextCursor)) break
    cursor = result.nextCursor
    seen.add(cursor)
  }
  return tools.slice(0, MAX_TOOLS)
}

async function callOnce ({ client, watch }: Session, name: string, input: Record<string, unknown>, timeoutMs: number, signal: AbortSignal): Promise<Omit<ToolOutcome, 'latencyMs'>> {
  const result = await client.request({ method: 'tools/call', params: { name, arguments: input } }, ResultSchema, {
    timeout: timeoutMs, maxTotalTimeout: timeoutMs * 3, resetTimeoutOnProgress: true, onprogress: () => {}, signal: AbortSignal.any([signal, watch.begin()])
  })
  const text = resultToText(result)
  return isErrorResult(result)
    ? { result: 'error', text, errorMessage: oneLine(text) || 'the tool failed without a word' }
    : { result: 'ok', text, errorMessage: null }
}

/**
 * The server no longer knows the session: 404 by the specification, 400 or a code of its own from some
 * servers.
 */
function isLostSession (error: unknown): boolean {
  if (!(error instanceof StreamableHTTPError)) return false
  return error.code === 404 || (error.code === 400 && /session/i.test(error.message))
}

/**
 * What is known of a call that brought no result. Only an answer, or the certainty that nothing was sent, is
 * an `error`.
 */
function toOutcome (error: unknown, signal: AbortSignal): Omit<ToolOutcome, 'latencyMs'> {
  const message = oneLine(causeOf(error))
  const failed = (text = message) => ({ result: 'error' as const, text, errorMessage: text })
  const unknown = (text = message) => ({ result: 'unknown' as const, text: '', errorMessage: text })
  if (signal.aborted) return unknown('given up: the run ended')
  if (error instanceof McpError) {
    const isTimeout = error.code === -32001
    return isTimeout || error.code === -32000 ? unknown(isTimeout ? 'no answer in time' : message) : failed()
  }
  if (error instanceof StreamableHTTPError && error.code !== undefined) {
    const refused = (error.code >= 400 && error.code < 500) || error.code === 503
    return refused ? failed(`the app refused the request (${error.code})`) : unknown(`the app broke off (${error.code})`)
  }
  if (error instanceof McpUnreachableError || error instanceof McpUnauthorizedError || /ECONNREFUSED|ENOTFOUND/.test(message)) return failed(message)
  return unknown()
}

function toConnectError (url: string, error: unknown): Error {
  if (error instanceof McpUnreachableError || error instanceof McpUnauthorizedError) return error
  const status = error instanceof StreamableHTTPError ? error.code : undefined
  if (status === 401 || status === 403) {
    return new McpUnauthorizedError(`The MCP server ${url} refuses the persona's account (${status}): check the account in the app, and AUTH_URL.`, { cause: error })
  }
  return new McpUnreachableError(`The MCP server ${url} does not answer: ${oneLine(causeOf(error), 200)}. Check MCP_URL and that the app runs.`, { cause: error })
}

/** `fetch` hides the reason of a failure in its cause. */
function causeOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause as { code?: string, message?: string } | undefined
  return cause === undefined ? error.message : `${error.message} (${cause.code ?? cause.message})`
}

/** Ends the session on the server too, and never waits long for one that hangs. */
async function closeSession ({ client, transport }: Session): Promise<void> {
  const timeout = new Promise<void>(resolve => setTimeout(resolve, CLOSE_TIMEOUT_MS).unref())
  await Promise.race([transport.terminateSession().catch(() => {}), timeout])
  await Promise.race([client.close().catch(() => {}), timeout])
}
