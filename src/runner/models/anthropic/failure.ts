import { AnswerTooLargeError } from '../../../platform/dial/bounded.ts'
import { oneLine } from '../../../platform/text.ts'
import type { Repeatable } from '../retry.ts'
import { scrub } from '../../../platform/secrets.ts'

/**
 * What went wrong with one request to the Messages API, whatever dress it came in: a status, an
 * error event with status 200, a broken connection, a page of a proxy. By an allow-list: the SDK's
 * errors carry headers, and those carry the key. So no error of the SDK goes on as a `cause`.
 */
export interface ApiFailure extends Repeatable {
  /**
   * As the API numbers its errors, derived from the type where an error came with status 200.
   * Undefined: no answer came.
   */
  status: number | undefined
  type: string | undefined
  requestId: string | undefined
  /** One line without secrets. */
  message: string
}

/** By the errors page of the API's documentation. */
const STATUS_OF_TYPE: Record<string, number> = {
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529
}

const MESSAGE_MAX_BYTES = 300
type Loose = Record<string, unknown>

/** From whatever the SDK threw; what is not its own is a broken connection. */
export function failureOf (thrown: unknown, secrets: string[]): ApiFailure {
  const error = toLoose(thrown)
  const headers = isHeaders(error.headers) ? error.headers : new Headers()
  const status = statusFor(error.status, error.type)
  const said = typeof error.apiMessage === 'string'
    ? error.apiMessage
    : thrown instanceof Error
    ? thrown.message
    : String(thrown)
  const code = status === undefined ? networkCodeOf(thrown) : undefined
  return {
    status,
    type: typeOf(error, secrets),
    requestId: requestIdOf(error.requestID, secrets),
    message: tidy(code === undefined ? said : `${said} (${code})`, secrets),
    isGarbled: thrown instanceof SyntaxError || thrown instanceof AnswerTooLargeError,
    passes: passes(status, headers.get('x-should-retry')),
    retryAfterMs: retryAfterOf(headers)
  }
}

/**
 * From a body that came with status 200 and is no message: an error in it counts as that error,
 * anything else is garbled.
 */
export function failureIn (body: unknown, secrets: string[]): ApiFailure {
  const error = errorIn(body) ?? (typeof body === 'string' ? errorInEvents(body) : undefined)
  const type = typeOf(error ?? {}, secrets)
  const status = error === undefined ? undefined : statusFor(400, type)
  return {
    status,
    type,
    requestId: undefined,
    message: tidy(typeof error?.message === 'string' ? error.message : '', secrets),
    isGarbled: error === undefined,
    passes: error === undefined || passes(status, null),
    retryAfterMs: undefined
  }
}

/** The type counts where there is no status, or only that of any invalid request. */
function statusFor (status: unknown, type: unknown): number | undefined {
  const byType = typeof type === 'string' ? STATUS_OF_TYPE[type] : undefined
  return typeof status === 'number' && (status !== 400 || byType === undefined) ? status : byType
}

/**
 * No answer passes, like everything that is out of order on the other side; unless the API knows
 * better.
 */
function passes (status: number | undefined, shouldRetry: string | null): boolean {
  if (shouldRetry === 'true' || shouldRetry === 'false') return shouldRetry === 'true'
  return status === undefined || status === 408 || status === 409 || status === 429 || status >= 500
}

/** Those of `thinFetch` are no `Headers`. */
function isHeaders (value: unknown): value is Pick<Headers, 'get'> {
  return typeof toLoose(value).get === 'function'
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfterOf (headers: Pick<Headers, 'get'>): number | undefined {
  const after = headers.get('retry-after') ?? ''
  const candidates = [
    parseFloat(headers.get('retry-after-ms') ?? ''),
    parseFloat(after) * 1000,
    Date.parse(after) - Date.now()
  ]
  return candidates.find(ms => Number.isFinite(ms) && ms >= 0)
}

/** `{ type: 'error', error: { type, message } }` */
function errorIn (body: unknown): Loose | undefined {
  const { type, error } = toLoose(body)
  return type === 'error' && typeof error === 'object' && error !== null
    ? error as Loose
    : undefined
}

/** An error event in an event stream that was not requested. */
function errorInEvents (text: string): Loose | undefined {
  const data = text.split('\n').filter(line => line.startsWith('data:')).map(line =>
    errorIn(parse(line.slice('data:'.length)))
  )
  return data.find(error => error !== undefined)
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Such as `ECONNREFUSED`, which stands at the bottom of a chain of causes. */
function networkCodeOf (thrown: unknown): string | undefined {
  for (
    let error = thrown, depth = 0;
    error instanceof Error && depth < 5;
    error = error.cause, depth++
  ) {
    const { code } = toLoose(error)
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code)) return code
  }
  return undefined
}

/** A header like any other: a proxy may put anything into it. */
function requestIdOf (value: unknown, secrets: string[]): string | undefined {
  return typeof value === 'string' && /^[\w-]{1,80}$/.test(value) && scrub(value, secrets) === value
    ? value
    : undefined
}

const typeOf = ({ type }: Loose, secrets: string[]) =>
  typeof type === 'string' ? tidy(type, secrets) : undefined
const tidy = (text: string, secrets: string[]) => oneLine(scrub(text, secrets), MESSAGE_MAX_BYTES)
const toLoose = (value: unknown): Loose =>
  typeof value === 'object' && value !== null ? value as Loose : {}
