import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { ElicitRequestSchema, ResultSchema } from '@modelcontextprotocol/sdk/types.js'
import type { Tool, Toolbox, ToolOutcome } from './toolbox.ts'
import { isErrorResult, resultToText } from './mcp-result.ts'
import { toTools } from './mcp-tools.ts'
import { answerWithDefaults } from './mcp-elicitation.ts'
import { watchResponses, type ResponseLimits, type ResponseWatch } from './mcp-fetch.ts'
import { isLostSession, toConnectError, toOutcome, type Outcome } from './mcp-failures.ts'
import { blameForAnswer } from './attribution.ts'
import { McpNoToolsError } from '../errors.ts'
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
  /** Other bounds than the usual ones. */
  limits?: Partial<McpLimits>
}

export interface McpLimits extends ResponseLimits {
  connectTimeoutMs: number
  /** For one page of tools. */
  listTimeoutMs: number
  closeTimeoutMs: number
}

export const MCP_LIMITS: McpLimits = {
  connectTimeoutMs: 10_000, listTimeoutMs: 15_000, closeTimeoutMs: 2000, maxResponseBytes: 1_000_000, resumeGraceMs: 10_000
}

const MAX_PAGES = 50
const MAX_TOOLS = 512

interface Session { client: Client, transport: StreamableHTTPClientTransport, watch: ResponseWatch, limits: McpLimits }

/** @throws McpUnreachableError, McpUnauthorizedError, McpNoToolsError */
export async function openMcpToolbox (options: McpOptions, signal: AbortSignal): Promise<Toolbox> {
  let session = await openSession(options, signal)
  let tools: Tool[]
  try {
    tools = toTools(await listAll(session, signal), options.trusted)
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
      const since = (outcome: Outcome): ToolOutcome => ({ ...outcome, latencyMs: performance.now() - startedAt })
      try {
        return since(await callOnce(session, name, input, options.callTimeoutMs, signal))
      } catch (error) {
        if (!isLostSession(error)) return since(toOutcome(error, signal))
        // The server refused the request before acting on it, so asking again in a new session is safe even
        // for writes.
        try {
          const lost = session
          session = await openSession(options, signal)
          await lost.client.close().catch(() => {})
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
  const limits = { ...MCP_LIMITS, ...options.limits }
  const watch = watchResponses(limits)
  const requestInit = { headers: options.headers }
  const transport = new StreamableHTTPClientTransport(new URL(options.url), { requestInit, fetch: watch.fetch })
  const client = new Client({ name: 'persona-runner', version: '0.1.0' }, { capabilities: { elicitation: { form: { applyDefaults: true } } } })
  client.setRequestHandler(ElicitRequestSchema, answerWithDefaults)
  // Without a listener a background stream that breaks would surface as an unhandled error; calls report
  // their own failures.
  client.onerror = () => {}
  const request = watch.begin(signal)
  try {
    await client.connect(transport, { timeout: limits.connectTimeoutMs, signal: request.signal })
  } catch (error) {
    await client.close().catch(() => {})
    throw toConnectError(options.url, error)
  } finally {
    request.end()
  }
  return { client, transport, watch, limits }
}

type Request = Parameters<Client['request']>[0]

/** One request whose answer is watched; what the watch objects to counts more than how the SDK puts it. */
async function ask ({ client, watch }: Session, message: Request, signal: AbortSignal, options: RequestOptions) {
  const request = watch.begin(signal)
  try {
    return await client.request(message, ResultSchema, { ...options, signal: request.signal })
  } catch (error) {
    throw request.signal.aborted ? request.signal.reason : error
  } finally {
    request.end()
  }
}

/**
 * All pages of tools, as the server wrote them: the SDK's own list gives the first page only and drops all
 * tools over one that is malformed.
 */
async function listAll (session: Session, signal: AbortSignal): Promise<unknown[]> {
  const tools: unknown[] = []
  const seen = new Set<string>()
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES && tools.length < MAX_TOOLS; page++) {
    const message = { method: 'tools/list' as const, params: cursor === undefined ? {} : { cursor } }
    const result = await ask(session, message, signal, { timeout: session.limits.listTimeoutMs })
    if (Array.isArray(result.tools)) tools.push(...result.tools as unknown[])
    if (typeof result.nextCursor !== 'string' || seen.has(result.nextCursor)) break
    cursor = result.nextCursor
    seen.add(cursor)
  }
  return tools.slice(0, MAX_TOOLS)
}

async function callOnce (
  session: Session, name: string, input: Record<string, unknown>, timeoutMs: number, signal: AbortSignal
): Promise<Outcome> {
  const result = await ask(session, { method: 'tools/call', params: { name, arguments: input } }, signal, {
    timeout: timeoutMs, maxTotalTimeout: timeoutMs * 3, resetTimeoutOnProgress: true, onprogress: () => {}
  })
  const text = resultToText(result)
  return isErrorResult(result)
    ? { result: 'error', text, errorMessage: oneLine(text) || 'the tool failed without a word', blame: blameForAnswer(text) }
    : { result: 'ok', text, errorMessage: null, blame: null }
}

/** Ends the session on the server too, and never waits long for one that hangs. */
async function closeSession ({ client, transport, limits }: Session): Promise<void> {
  const timeout = new Promise<void>(resolve => setTimeout(resolve, limits.closeTimeoutMs).unref())
  await Promise.race([transport.terminateSession().catch(() => {}), timeout])
  await Promise.race([client.close().catch(() => {}), timeout])
}
