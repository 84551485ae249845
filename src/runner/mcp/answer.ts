/** What the messages are that come where an answer is awaited. Pure. */

/** The request that is under way. */
export interface Awaited {
  id: string | number
  method: string
  /**
   * Sent in the form of revision 2026-07-28: without a session, with all that matters in the
   * request itself.
   */
  stateless: boolean
}

export type Reading =
  | { kind: 'answer', message: object }
  /** An answer to something else, or nothing that could be a message. */
  | { kind: 'foreign' }
  /** A question or news of the app's. */
  | { kind: 'other', message: object }

/** The first revision without `initialize` and sessions. */
export const STATELESS_REVISION = '2026-07-28'
const LATEST_WITH_SESSIONS = '2025-11-25'
/** What the SDK speaks, newest first. */
export const OUR_REVISIONS = [
  STATELESS_REVISION,
  LATEST_WITH_SESSIONS,
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07'
]
/** Where a result stands whole within the one that the SDK gets. */
const WHOLE = 'persona-runner/whole'
/** For an error that gives no code. */
const NO_CODE = -32000

export function readMessage (message: unknown, awaited: Awaited): Reading {
  if (!isObject(message)) return { kind: 'foreign' }
  if (typeof message.method === 'string') return { kind: 'other', message }
  const isAnswer = 'result' in message || 'error' in message
  // Servers that could not read a request answer it with an error whose id is null.
  const isOurs = message.id === undefined || message.id === null ||
    String(message.id) === String(awaited.id)
  if (!isAnswer || !isOurs) return { kind: 'foreign' }
  const body = isObject(message.error)
    ? { error: toError(message.error) }
    : { result: toResult(message.result, awaited) }
  return { kind: 'answer', message: { jsonrpc: '2.0', id: awaited.id, ...body } }
}

/** As the schemas of the SDK want it; they drop the whole answer otherwise. */
function toError ({ code, message, data }: Record<string, unknown>): object {
  return {
    code: Number.isSafeInteger(code) ? code : NO_CODE,
    message: String(message ?? ''),
    ...(data !== undefined && { data })
  }
}

/**
 * The SDK drops a list over one tool that is malformed, and a result over one part of a kind that
 * it does not know: what it gets to see is an empty result that holds the real one.
 */
function toResult (result: unknown, { method, stateless }: Awaited): unknown {
  if (method === 'initialize') return acceptable(result)
  if (method !== 'tools/list' && method !== 'tools/call') return result
  const isWhole = !isObject(result) || result.resultType === undefined ||
    result.resultType === 'complete'
  if (stateless && !isWhole) return result
  return {
    resultType: 'complete',
    content: [],
    tools: [],
    ttlMs: 0,
    cacheScope: 'private',
    [WHOLE]: result
  }
}

/**
 * Some servers answer `initialize`, which revision 2026-07-28 does not have, with 2026-07-28. They
 * work as those before do.
 */
function acceptable (result: unknown): unknown {
  return isObject(result) && result.protocolVersion === STATELESS_REVISION
    ? { ...result, protocolVersion: LATEST_WITH_SESSIONS }
    : result
}

/** @throws where the app sent no object */
export function wholeResult (result: unknown): Record<string, unknown> {
  const whole = isObject(result) && WHOLE in result ? result[WHOLE] : result
  if (!isObject(whole)) throw new Error('the result is no object')
  return whole
}

function isObject (value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
