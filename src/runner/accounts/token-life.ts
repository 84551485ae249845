/** How long a token of the sign-in service holds, where it says so. Pure. */

/** So long before its end a token is renewed. */
const MARGIN_MS = 60_000

/**
 * When to sign in again. The times within a token are those of the app's clock, so how long it
 * lives is taken from its own two times and counted from when we got it; where it has only its end,
 * our clock must do.
 * @param receivedAt ms since the epoch
 * @returns ms since the epoch, always after `receivedAt`; null where the token does not say, or
 *   where its end is already there: then the clocks differ, and the app's refusal is the better
 *   judge
 */
export function renewAt (token: string, receivedAt: number): number | null {
  const { exp, iat } = claimsOf(token)
  if (exp === undefined) return null
  const livesMs = iat === undefined ? exp * 1000 - receivedAt : (exp - iat) * 1000
  return livesMs < 2 ? null : receivedAt + renewAfterMs(livesMs)
}

/** How long to use a token that lives so long, both in milliseconds. */
export function renewAfterMs (livesMs: number): number {
  // One that lives shorter than twice the margin would be renewed at once, again and again.
  return Math.max(livesMs - MARGIN_MS, livesMs / 2)
}

/**
 * Of a JSON Web Token (RFC 7519, 4.1), in seconds since the epoch. It is read, not checked: only
 * the app can.
 */
function claimsOf (token: string): { exp?: number, iat?: number } {
  const parts = token.split('.')
  if (parts.length !== 3) return {}
  try {
    const claims = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString()) as
      | Record<string, unknown>
      | null
    const time = (name: string) =>
      typeof claims?.[name] === 'number' && Number.isFinite(claims[name])
        ? { [name]: claims[name] }
        : {}
    return { ...time('exp'), ...time('iat') }
  } catch {
    return {}
  }
}
