import type { ReconnectionScheduler } from '@modelcontextprotocol/client'

/** A stream that lasted so long was no failure, in milliseconds. */
const LASTED_MS = 10_000
/**
 * From the second failure on, in milliseconds. Shorter than the grace that a cut answer is given.
 */
const PAUSES_MS = [0, 500, 1000, 2000, 4000, 5000]

/**
 * When streams that ended are opened again: when the app says, and less and less often where they
 * end at once. The SDK counts only streams that do not open at all.
 */
export function patientReconnections (): ReconnectionScheduler {
  let failures = 0
  let lastAt = -Infinity
  return (reconnect, delay) => {
    const now = performance.now()
    failures = now - lastAt > LASTED_MS + delay ? 0 : failures + 1
    lastAt = now
    const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 0
    const timer = setTimeout(reconnect, Math.max(delay, pause))
    return () => clearTimeout(timer)
  }
}
