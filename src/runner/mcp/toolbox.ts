import { judgeRefusal } from '../blame/blame-rules.ts'
import { connect, type ConnectionLimits, type ConnectionOptions } from './connection.ts'
import {
  kindOf,
  servesAnother,
  toConnectError,
  toOutcome,
  type Named,
  type Outcome
} from './failures.ts'
import { asksForInput, isErrorResult, resultToText } from './result.ts'
import { isTakenByAnother } from './told.ts'
import type { Toolbox, ToolOutcome } from '../tools/toolbox.ts'
import { McpNoToolsError } from '../../platform/errors.ts'
import { oneLine } from '../../platform/text.ts'

/** An app's tools over MCP, with the identity of one persona. */

export interface McpOptions extends ConnectionOptions {
  /** How long one tool call may take, in milliseconds. */
  callTimeoutMs: number
  /** Other bounds than the usual ones. */
  limits?: Partial<McpLimits>
}

export type McpLimits = ConnectionLimits

export const MCP_LIMITS: McpLimits = {
  connectTimeoutMs: 10_000,
  listTimeoutMs: 15_000,
  closeTimeoutMs: 2000,
  maxResponseBytes: 1_000_000,
  resumeGraceMs: 10_000,
  backOffMs: [500, 1000, 2000, 4000]
}

/** A persona whose calls are forbidden this often in one run does not go on. */
const MAX_FORBIDDEN = 2

/**
 * @throws McpUnreachableError, McpUnauthorizedError, McpNoToolsError, and what a new sign-in throws
 */
export async function openMcpToolbox (options: McpOptions, signal: AbortSignal): Promise<Toolbox> {
  const { url, callTimeoutMs } = options
  const connection = await connect(options, { ...MCP_LIMITS, ...options.limits }, signal)
  if (connection.tools.tools.length + connection.tools.setAside.length === 0) {
    await connection.close()
    throw new McpNoToolsError(`The MCP server ${url} offers no tool.`)
  }
  let forbidden = 0

  function judge (error: unknown, signal: AbortSignal): Outcome {
    const outcome = toOutcome(connection.app, error, signal)
    if (kindOf(error) !== 'forbidden' || ++forbidden < MAX_FORBIDDEN) return outcome
    return { ...outcome, fatal: toConnectError(connection.app, error) }
  }

  return {
    get tools () {
      return connection.tools.tools
    },
    get setAside () {
      return connection.tools.setAside
    },
    get definitions () {
      return connection.tools.definitions
    },
    get era () {
      return connection.session.era
    },
    get protocolVersion () {
      return connection.session.protocolVersion
    },
    get serverInfo () {
      return connection.session.serverInfo
    },
    refresh: signal => connection.refresh(signal),
    async call (name, input, { signal, beforeSend }): Promise<ToolOutcome> {
      const harmless = connection.tools.tools.find(tool => tool.name === name)?.repeatable === true
      const startedAt = performance.now()
      let heldBackMs = 0
      const answer = await connection.request(
        session => session.callTool(name, input, callTimeoutMs, signal),
        {
          harmless,
          signal,
          beforeSend,
          onHeldBack: ms => {
            heldBackMs += ms
          }
        }
      )
      const outcome = answer.ok
        ? ofResult(connection.app, answer.value)
        : judge(answer.error, signal)
      // What the runner held back is not the app's slowness.
      return { ...outcome, latencyMs: performance.now() - startedAt - heldBackMs }
    },
    close: () => connection.close()
  }
}

function ofResult (app: Named, result: Record<string, unknown>): Outcome {
  const text = resultToText(result)
  if (asksForInput(result)) {
    const what = 'the tool asks its user for something that a persona cannot give'
    return {
      result: 'error',
      text: what,
      errorMessage: what,
      blame: 'harness',
      blameRule: 'asks_user'
    }
  }
  if (isErrorResult(result) && isTakenByAnother(text)) {
    return {
      result: 'error',
      text,
      errorMessage: oneLine(text),
      blame: 'harness',
      blameRule: 'one_session',
      fatal: servesAnother(app, text)
    }
  }
  if (!isErrorResult(result)) return { result: 'ok', text, errorMessage: null, blame: null }
  const said = { status: null, code: null, words: text }
  const { blame, rule } = judgeRefusal(said)
  return {
    result: 'error',
    text,
    errorMessage: oneLine(text) || 'the tool failed without a word',
    blame,
    blameRule: rule,
    said
  }
}
