/**
 * What a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date), in milliseconds from
 * `now`; undefined where it is missing or says nothing.
 */
export function retryAfterMs (header: string | null, now: number): number | undefined {
  const value = header?.trim() ?? ''
  const ms = /^\d+$/.test(value)
    ? Number(value) * 1000
    : /^[A-Z]/i.test(value)
    ? Date.parse(value) - now
    : NaN
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
