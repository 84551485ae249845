import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpError } from '@modelcontextprotocol/sdk/types.js'
import { blameForAnswer, blameForStatus } from './attribution.ts'
import { AnswerLostError, ResponseTooLargeError } from './mcp-fetch.ts'
import type { Blame, ToolOutcome } from './toolbox.ts'
import { McpUnauthorizedError, McpUnreachableError } from '../errors.ts'
import { oneLine } from '../text.ts'

/** What a failing MCP request means. */

export type Outcome = Omit<ToolOutcome, 'latencyMs'>

/**
 * The server no longer knows the session: 404 by the specification, 400 or a code of its own from some
 * servers.
 */
export function isLostSession (error: unknown): boolean {
  if (!(error instanceof StreamableHTTPError)) return false
  return error.code === 404 || (error.code === 400 && /session|-3200[14]/i.test(error.message))
}

/**
 * What is known of a call that brought no result, and whose fault it is. Only an answer, or the certainty that nothing
 * was sent, is an `error`.
 */
export function toOutcome (error: unknown, signal: AbortSignal): Outcome {
  const message = oneLine(causeOf(error))
  if (signal.aborted) return unknown('given up: the run ended', 'harness')
  if (error instanceof ResponseTooLargeError) return failed(message, 'app')
  if (error instanceof AnswerLostError) return unknown(message, 'app')
  if (error instanceof McpError) {
    if (isTimeout(error)) return unknown('no answer in time', 'app')
    return isClosed(error) ? unknown(message, 'app') : failed(message, blameForAnswer(message))
  }
  if (error instanceof StreamableHTTPError && error.code !== undefined) return ofStatus(error.code)
  if (error instanceof McpUnauthorizedError) return failed(message, 'account')
  const neverSent = error instanceof McpUnreachableError || /ECONNREFUSED|ENOTFOUND/.test(message)
  return neverSent ? failed(message, 'app') : unknown(message, 'app')
}

function ofStatus (status: number): Outcome {
  const refused = (status >= 400 && status < 500) || status === 503
  const blame = blameForStatus(status)
  return refused ? failed(`the app refused the request (${status})`, blame) : unknown(`the app broke off (${status})`, blame)
}

const failed = (text: string, blame: Blame): Outcome => ({ result: 'error', text, errorMessage: text, blame })
const unknown = (text: string, blame: Blame): Outcome => ({ result: 'unknown', text: '', errorMessage: text, blame })

/** Servers use the codes of the SDK's own errors too, and theirs are answers: only the words tell. */
function isTimeout (error: McpError): boolean {
  return error.code === -32001 && /request timed out|maximum total timeout exceeded/i.test(error.message)
}

function isClosed (error: McpError): boolean {
  return error.code === -32000 && /connection closed/i.test(error.message)
}

export function toConnectError (url: string, error: unknown): Error {
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
