import { judgeRefusal } from '../blame/blame-rules.ts'
import type { BlameRule } from '../tools/blame-sentences.ts'
import { OUR_REVISIONS } from './answer.ts'
import { isAboutHost, servesOneSession } from './told.ts'
import { AnswerLostError, ResponseTooLargeError } from './watch.ts'
import { wordsOf } from '../blame/server-words.ts'
import type { Blame, Said, ToolOutcome } from '../tools/toolbox.ts'
import {
  AppError,
  DialForbiddenError,
  McpUnauthorizedError,
  McpUnreachableError,
  type Outage
} from '../../platform/errors.ts'
import { shownAddress } from '../../platform/dial/shown-address.ts'
import { oneLine } from '../../platform/text.ts'

/** What a failing MCP request means. `mcp-session.ts` turns the SDK's errors into these. */

/** The app as messages name it. */
export interface Named {
  url: string
  /** Where its address was set. */
  setting: string
}

export type Outcome = Omit<ToolOutcome, 'latencyMs'>

/** What came with an HTTP status in place of an answer. */
interface Refusal {
  retryAfterMs?: number | undefined
  /** The header by its name in small letters, such as `www-authenticate`. */
  headers?: Readonly<Record<string, string>>
  /** The first bytes of the body as text, at most 4 kB, without secrets. */
  body?: string
}

/** An HTTP status in place of an answer, or -1 for content of another type. */
export class HttpError extends Error {
  readonly status: number
  readonly retryAfterMs: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string

  constructor (
    status: number,
    message: string,
    { retryAfterMs, headers = {}, body = '' }: Refusal = {}
  ) {
    super(message)
    this.status = status
    this.retryAfterMs = retryAfterMs
    this.headers = headers
    this.body = body
  }
}

/** The app answered with an error of the protocol. */
export class RpcError extends Error {
  readonly code: number
  /** What the app added to its words. */
  readonly data: unknown

  constructor (code: number, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}

export class NoAnswerInTimeError extends Error {}

/** The session has ended already, so nothing was sent. */
export class SessionClosedError extends Error {}

/** The app speaks no revision of the protocol that the runner speaks. */
export class RevisionError extends Error {
  readonly theirs: readonly string[]

  constructor (theirs: readonly string[]) {
    super(
      `it speaks protocol version ${theirs.join(', ')} of MCP, and the runner speaks ${
        OUR_REVISIONS.join(', ')
      }`
    )
    this.theirs = theirs
  }
}

/**
 * - `session_lost`: the server no longer knows the session or the revision it was begun with, and
 *   refused before acting
 * - `unauthorized`, `forbidden`: the account is refused, before acting
 * - `turned_away`: too many requests, or closed for a time that the server names, and refused
 *   before acting
 * - `barred`: the runner does not connect to where the app is, so nothing was sent
 * - `not_sent`: nobody took the connection
 * - `unavailable`: 503 without a word; proxies say so also of a connection that broke after the
 *   request went out
 * - `broken`: no answer, or nothing that could be one: whether the app acted cannot be told
 * - `late`: no answer in time
 * - `internal`: the app answered that something in it went wrong
 * - `answered`: any other answer
 */
type Kind =
  | 'session_lost'
  | 'unauthorized'
  | 'forbidden'
  | 'turned_away'
  | 'barred'
  | 'not_sent'
  | 'unavailable'
  | 'broken'
  | 'late'
  | 'internal'
  | 'answered'

const INTERNAL_ERROR = -32603
const NOBODY_THERE =
  /\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)\b/

export function kindOf (error: unknown): Kind {
  if (error instanceof DialForbiddenError) return 'barred'
  if (error instanceof ResponseTooLargeError) return 'answered'
  if (error instanceof AnswerLostError) return 'broken'
  if (error instanceof NoAnswerInTimeError) return 'late'
  if (error instanceof RevisionError || error instanceof SessionClosedError) return 'session_lost'
  if (error instanceof RpcError) return error.code === INTERNAL_ERROR ? 'internal' : 'answered'
  if (error instanceof HttpError) return kindOfStatus(error)
  return NOBODY_THERE.test(causeOf(error)) ? 'not_sent' : 'broken'
}

/** How servers say that they do not know a session any more, or wait for one to begin. */
const NO_SUCH_SESSION = new RegExp(
  [
    String
      .raw`\bsessions?\b[^.\n]{0,30}\b(?:not found|unknown|expired|invalid|terminated|closed|ended|required|missing|does not exist|no longer|not (?:valid|active|initialized))`,
    String
      .raw`\b(?:no|no valid|unknown|invalid|expired|missing|unrecogni[sz]ed|stale|inactive)(?: or (?:missing|expired|invalid))? (?:mcp[- ])?session\b`,
    String.raw`\bnot (?:been |yet )?initiali[sz]ed\b`,
    String.raw`\bbefore initiali[sz]ation\b`
  ].join('|'),
  'i'
)
/** Such an argument is the persona's. */
const INVALID_PARAMS = -32602

/**
 * Whether the app refused because of the session, before it acted, whatever status it gives that.
 * Only where there was one: what a new session is refused with is about the account.
 */
export function isSessionLost (error: unknown): boolean {
  if (kindOf(error) === 'session_lost') return true
  if (error instanceof RpcError) {
    return error.code !== INVALID_PARAMS && NO_SUCH_SESSION.test(error.message)
  }
  return error instanceof HttpError && error.status >= 400 && NO_SUCH_SESSION.test(error.body)
}

/** Whether a session that was begun in the era that an app had before may have failed of that. */
export function isOfAnotherEra (error: unknown): boolean {
  if (error instanceof RpcError) return true
  if (error instanceof ResponseTooLargeError) return false
  const kind = kindOf(error)
  return isSessionLost(error) || kind === 'answered' ||
    (error instanceof HttpError && error.status === 500)
}

function kindOfStatus ({ status, message, retryAfterMs }: HttpError): Kind {
  switch (status) {
    // By the specification. From revision 2026-07-28 on there are no sessions, and with this code
    // it means the method.
    case 404:
      return message.includes('-32601') ? 'answered' : 'session_lost'
    // Other servers say the same in other words.
    case 400:
      return /session|-3200[14]/i.test(message) ? 'session_lost' : 'answered'
    case 401:
      return 'unauthorized'
    case 403:
      return 'forbidden'
    case 429:
      return 'turned_away'
    case 503:
      return retryAfterMs === undefined ? 'unavailable' : 'turned_away'
    default:
      return status >= 400 && status < 500 ? 'answered' : 'broken'
  }
}

/**
 * What is known of a call that brought no result, and whose fault it is. Only an answer, or the
 * certainty that nothing was done, is an `error`.
 */
export function toOutcome (app: Named, error: unknown, signal: AbortSignal): Outcome {
  const message = said(app, error, 500)
  if (signal.aborted) return unknown('given up: the run ended', 'harness', 'run_ended')
  switch (kindOf(error)) {
    case 'late':
      return unknown('no answer in time', 'app', 'no_answer')
    case 'unauthorized':
      return { ...refused(error), fatal: toConnectError(app, error) }
    case 'unavailable':
      return {
        ...unknown(`the app broke off ${withWords(error)}`, 'app', 'server_error'),
        fatal: outOfOrder(app, error)
      }
    case 'broken':
      return error instanceof HttpError && error.status > 0
        ? unknown(`the app broke off ${withWords(error)}`, 'app', 'server_error')
        : unknown(message, 'app', 'no_answer')
    case 'internal':
    case 'answered':
      return error instanceof ResponseTooLargeError
        ? {
          result: 'error',
          text: message,
          errorMessage: message,
          blame: 'app',
          blameRule: 'too_large'
        }
        : refused(error, message)
    default:
      return refused(error)
  }
}

const unknown = (text: string, blame: Blame, blameRule: BlameRule): Outcome => ({
  result: 'unknown',
  text: '',
  errorMessage: text,
  blame,
  blameRule
})
const statusOf = (error: unknown) => error instanceof HttpError ? error.status : 0

/** @param message of what was no HTTP error */
function refused (
  error: unknown,
  message = `the app refused the request ${withWords(error)}`
): Outcome {
  const text = error instanceof HttpError
    ? `the app refused the request ${withWords(error)}`
    : message
  const said = saidBy(error, text)
  const { blame, rule } = judgeRefusal(said)
  return { result: 'error', text, errorMessage: text, blame, blameRule: rule, said }
}

function saidBy (error: unknown, text: string): Said {
  if (error instanceof HttpError) return { status: error.status, code: null, words: error.body }
  return { status: null, code: error instanceof RpcError ? error.code : null, words: text }
}

/** The status, and the app's words where it gave any: `(403): only allowed at localhost:4103`. */
function withWords (error: unknown): string {
  const words = error instanceof HttpError ? wordsOf(error.body) : ''
  return words === '' ? `(${statusOf(error)})` : `(${statusOf(error)}): ${words}`
}

/** The app is out of order, for this persona as for all others. */
export function outOfOrder (app: Named, error: unknown): McpUnreachableError {
  const outage: Outage = { service: 'app' }
  if (error instanceof HttpError && error.retryAfterMs !== undefined) {
    outage.retryAfterMs = error.retryAfterMs
  }
  const did = kindOf(error) === 'turned_away' ? 'turns requests away' : 'does not answer'
  return unreachable(
    app,
    `${did}: ${said(app, error)}. Check ${app.setting} and that the app runs`,
    error,
    outage
  )
}

/** Why there is no session, or no list of tools. */
export function toConnectError (app: Named, error: unknown, signal?: AbortSignal): AppError {
  if (error instanceof AppError) return error
  const kind = kindOf(error)
  if (error instanceof HttpError && isAboutHost(error.status, error.body)) {
    const what =
      `refuses the request (${
        said(app, error)
      }). It may answer to one name of its host only: localhost and 127.0.0.1 differ. ` +
      `Set ${app.setting} to the name that it expects`
    return new McpUnauthorizedError(`The MCP server ${shownAddress(app.url)} ${what}.`, {
      cause: error
    })
  }
  if (kind === 'unauthorized' || kind === 'forbidden') {
    const what = `refuses the persona's account ${
      withWords(error)
    }. Check the account in the app, and how personas sign in to it`
    return new McpUnauthorizedError(`The MCP server ${shownAddress(app.url)} ${what}.`, {
      cause: error
    })
  }
  // A run that ended says nothing about the app.
  if (signal?.aborted === true) {
    return unreachable(app, 'had not answered when the run ended', error)
  }
  if (servesOneSession(said(app, error))) return servesAnother(app, error)
  if (error instanceof RevisionError) {
    const what = `cannot be spoken to: ${
      said(app, error, 500)
    }. Update whichever of the two is older`
    return unreachable(app, what, error, { service: 'app' })
  }
  // What the app answers to this account says nothing about all others.
  if (kind === 'answered' || kind === 'internal') {
    return unreachable(app, `does not let the persona in: ${said(app, error)}`, error)
  }
  return outOfOrder(app, error)
}

/**
 * The persona can live its day once the other session has ended. @param error what the app said, or
 * its words
 */
export function servesAnother (app: Named, error: unknown): McpUnreachableError {
  const what =
    `serves one session at a time, and has another: ${
      said(app, error)
    }. Set PERSONA_CONCURRENCY=1 in the only process, or start ` +
    'the app so that each session has a state of its own (Playwright: --isolated)'
  return unreachable(app, what, error, { service: 'app' })
}

function unreachable (
  { url }: Named,
  what: string,
  cause: unknown,
  outage?: Outage
): McpUnreachableError {
  return new McpUnreachableError(`The MCP server ${shownAddress(url)} ${what}.`, {
    cause,
    ...(outage !== undefined && { outage })
  })
}

/** In one line, without the address: a secret may stand in its query. */
function said ({ url }: Named, error: unknown, maxBytes = 400): string {
  return oneLine(causeOf(error).replaceAll(url, shownAddress(url)), maxBytes)
}

/** `fetch` hides the reason of a failure in its cause. */
function causeOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof HttpError && error.body !== '') {
    return `HTTP ${error.status}: ${wordsOf(error.body)}`
  }
  const cause = error.cause as { code?: string, message?: string } | undefined
  return cause === undefined ? error.message : `${error.message} (${cause.code ?? cause.message})`
}
