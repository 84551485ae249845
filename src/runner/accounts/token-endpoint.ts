import type { Dial } from '../../platform/dial/dialler.ts'
import { AppError, AuthUnreachableError, LoginFailedError } from '../../platform/errors.ts'
import { retryAfterMs } from '../../platform/retry-after.ts'
import { shownAddress } from '../../platform/dial/shown-address.ts'
import { reasonOf } from './reason.ts'
import { renewAfterMs, renewAt } from './token-life.ts'

/**
 * Requests to an OAuth token endpoint (RFC 6749). What it says in words is never passed on: it may
 * repeat what is secret.
 */

export interface Client {
  id: string
  secret?: string | undefined
}

export interface TokenEndpoint {
  url: string
  authMethod: 'client_secret_basic' | 'client_secret_post' | 'none'
  /** What the token is for (RFC 8707); undefined: the endpoint is not asked. */
  resource?: string | undefined
}

/** @throws AuthUnreachableError, LoginFailedError, where the endpoint cannot be found out */
export type FindEndpoint = (signal: AbortSignal) => Promise<TokenEndpoint>

interface Tokens {
  accessToken: string
  /** Undefined: the one that was presented stays good, where there was one. */
  refreshToken?: string
  /**
   * How long to use the access token, in milliseconds from when it was asked for; null: nobody can
   * tell.
   */
  renewInMs: number | null
}

/**
 * What has become of the refresh token that was presented:
 * - `unused`: the endpoint has not taken it, so that it may be presented again
 * - `refused`: the endpoint takes it no more
 * - `in-doubt`: whether the endpoint has taken it cannot be told
 */
type Fate = 'unused' | 'refused' | 'in-doubt'

export type TokenAnswer = { ok: true, tokens: Tokens } | { ok: false, fate: Fate, error: AppError }

const TOKEN_TIMEOUT_MS = 10_000
const NOBODY_THERE =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/
/** An error code of RFC 6749, 5.2, and nothing that could be a secret. */
const ERROR_CODE = /^[a-z_]{1,40}$/

interface TokenRequest {
  dial: Dial
  endpoint: TokenEndpoint
  client: Client
  /** `grant_type` and what belongs to it. */
  grant: Record<string, string>
  /** For messages. */
  who: string
  signal: AbortSignal
}

export async function requestTokens (request: TokenRequest): Promise<TokenAnswer> {
  const { dial, endpoint, who, signal } = request
  const askedAt = Date.now()
  let response: Response
  let text: string
  try {
    response = await dial(endpoint.url, {
      ...toInit(request),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TOKEN_TIMEOUT_MS)])
    })
    text = await response.text()
  } catch (error) {
    return noAnswer(endpoint, dial.setting, error, signal)
  }
  if (!response.ok) return refusal(endpoint, who, response, text)
  const tokens = readTokens(text, askedAt)
  if (tokens !== undefined) return { ok: true, tokens }
  return {
    ok: false,
    fate: 'in-doubt',
    error: new LoginFailedError(
      `Sign-in of ${who}: the answer of ${
        shownAddress(endpoint.url)
      } has no "access_token" that a header could hold.`
    )
  }
}

function toInit ({ endpoint: { authMethod, resource }, client, grant }: TokenRequest): RequestInit {
  const body = new URLSearchParams({ ...grant, ...(resource !== undefined && { resource }) })
  const headers = new Headers({
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json'
  })
  if (authMethod === 'client_secret_basic') headers.set('authorization', `Basic ${basic(client)}`)
  else body.set('client_id', client.id)
  if (authMethod === 'client_secret_post') body.set('client_secret', client.secret ?? '')
  return { method: 'POST', headers, body: body.toString() }
}

/** Both are encoded as in a form before they are joined (RFC 6749, 2.3.1). */
function basic ({ id, secret = '' }: Client): string {
  const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
  return Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')
}

function noAnswer (
  { url }: TokenEndpoint,
  setting: string,
  error: unknown,
  signal: AbortSignal
): TokenAnswer {
  // A forbidden address or a redirect: the endpoint has not acted, so a retry is safe.
  if (error instanceof AppError) return { ok: false, fate: 'unused', error }
  const reason = reasonOf(error)
  // A run that ended says nothing about the service.
  const outage = signal.aborted ? undefined : { service: 'app' as const }
  return {
    ok: false,
    fate: NOBODY_THERE.test(reason) ? 'unused' : 'in-doubt',
    error: new AuthUnreachableError(
      `The sign-in service does not answer at ${
        shownAddress(url)
      }: ${reason}. Check ${setting} and that the service runs.`,
      { cause: error, outage }
    )
  }
}

/** RFC 6749, 5.2. */
const OF_THE_CLIENT = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type'])

function refusal (
  { url }: TokenEndpoint,
  who: string,
  { status, headers }: Response,
  text: string
): TokenAnswer {
  const at = shownAddress(url)
  if (status >= 500 || status === 429) {
    const asked = retryAfterMs(headers.get('retry-after'), Date.now())
    const did = status === 429 ? 'turns sign-ins away' : 'fails'
    const outage = { service: 'app' as const, ...(asked !== undefined && { retryAfterMs: asked }) }
    // A gateway speaks for a service that may have acted.
    const fate = status === 502 || status === 504 ? 'in-doubt' : 'unused'
    return {
      ok: false,
      fate,
      error: new AuthUnreachableError(`The sign-in service ${did} at ${at} (${status}).`, {
        outage
      })
    }
  }
  const code = errorCodeOf(text)
  const said = `Sign-in of ${who} is refused at ${at} (${status}${
    code === undefined ? '' : `, ${code}`
  })`
  // A client that is not known, or not with this secret, is nobody's fault among the personas: it
  // holds all of them up.
  if (OF_THE_CLIENT.has(code ?? '')) {
    return {
      ok: false,
      fate: 'unused',
      error: new AuthUnreachableError(
        `${said}. Check the client's id and secret (of main: OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET).`,
        { outage: { service: 'app' } }
      )
    }
  }
  return code === 'invalid_grant'
    ? {
      ok: false,
      fate: 'refused',
      error: new LoginFailedError(
        `${said}: what is stored for the persona does not hold any more. Store a new refresh token with PUT /api/v1/admin/personas/:id/account.`
      )
    }
    : {
      ok: false,
      fate: 'unused',
      error: new LoginFailedError(
        `${said}. Check the client's id, secret and scope (of main: OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_SCOPE).`
      )
    }
}

function errorCodeOf (text: string): string | undefined {
  const { error } = parsed(text)
  return typeof error === 'string' && ERROR_CODE.test(error) ? error : undefined
}

function readTokens (text: string, askedAt: number): Tokens | undefined {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = parsed(
    text
  )
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]{1,10000}$/.test(accessToken)) {
    return undefined
  }
  const seconds = Number(expiresIn ?? NaN)
  const byClaims = renewAt(accessToken, askedAt)
  return {
    accessToken,
    ...(typeof refreshToken === 'string' && refreshToken !== '' && { refreshToken }),
    renewInMs: seconds > 0 && Number.isFinite(seconds)
      ? renewAfterMs(seconds * 1000)
      : byClaims === null
      ? null
      : byClaims - askedAt
  }
}

function parsed (text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>
  } catch {
    return {}
  }
}
