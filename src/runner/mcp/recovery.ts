import { setTimeout as pause } from 'node:timers/promises'
import {
  HttpError,
  isSessionLost,
  kindOf,
  outOfOrder,
  toConnectError,
  type Named
} from './failures.ts'

/** What is done about a request that failed before it is taken for failed. */

interface RecoveryOptions {
  app: Named
  /** Sending the request twice has no further effect. */
  harmless: boolean
  /** The pauses between tries, in milliseconds. */
  backOffMs: readonly number[]
  /** Signs in again. @returns whether that gave anything new */
  renew: () => Promise<boolean>
  /** Opens a new session. */
  reopen: () => Promise<void>
  signal: AbortSignal
}

/**
 * An app that asks for more than this is left alone for longer than a run may wait, in
 * milliseconds.
 */
const LONGEST_PAUSE_MS = 30_000

/**
 * For one request: asked after each failure.
 * @returns mends what it can and tells whether to send the request again; false: it has failed
 * @throws where the app did not act and cannot be asked again for now: with `outage` where it is
 *   out of order for everybody
 */
export function recovery (
  { app, harmless, backOffMs, renew, reopen, signal }: RecoveryOptions
): (error: unknown) => Promise<boolean> {
  const once = onlyOnce()
  const waitFor = pauses(backOffMs, signal)
  return async error => {
    if (signal.aborted) return false
    // This and the next three were refused before the app acted, so asking again is safe even for
    // writes.
    if (isSessionLost(error) && once('reopen')) {
      await reopen()
      return true
    }
    switch (kindOf(error)) {
      case 'unauthorized':
        return once('renew') && await renew()
      case 'turned_away':
      case 'not_sent':
        if (await waitFor(error)) return true
        throw outOfOrder(app, error)
      case 'barred':
        throw toConnectError(app, error)
      case 'unavailable':
        return harmless && await waitFor(error)
      case 'broken':
      case 'internal':
        return harmless && once('repeat') && await waitFor(error)
      default:
        return false
    }
  }
}

/** Whether this is the first time. */
export function onlyOnce (): (what: string) => boolean {
  const done = new Set<string>()
  return what => !done.has(what) && done.add(what).has(what)
}

/**
 * Waits before the next try, for as long as the app asks if that is longer.
 * @returns false: it has been tried often enough, or the app asks for more than a run may wait
 */
export function pauses (
  backOffMs: readonly number[],
  signal: AbortSignal
): (error: unknown) => Promise<boolean> {
  let taken = 0
  return async error => {
    const backOff = backOffMs[taken++]
    const asked = error instanceof HttpError ? error.retryAfterMs ?? 0 : 0
    if (backOff === undefined || asked > LONGEST_PAUSE_MS) return false
    await pause(Math.max(backOff, asked), undefined, { signal })
    return true
  }
}
