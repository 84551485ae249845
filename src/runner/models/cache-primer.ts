import { setTimeout as wait } from 'node:timers/promises'

/**
 * Has one request write the provider's prompt cache, and all others read it. Many personas that
 * begin at once share their tools, and nothing is read from the cache before the first answer that
 * wrote it: without this, each would pay for them.
 */
type CachePrimer<T> = (
  shared: object,
  signal: AbortSignal,
  send: () => Promise<T>
) => Promise<T>

/** The provider forgets five minutes after the last use. */
const LIFETIME_MS = 5 * 60_000 - 10_000
/** The longest wait for another request to fill the cache; then the tools are paid for twice. */
const LONGEST_WAIT_MS = 30_000

interface Prefix {
  warmUntil: number
  priming: Promise<unknown> | null
}

/** @param wrote whether an answer is one that the provider has cached its request for */
export function createCachePrimer<T> (
  wrote: (answer: T) => boolean,
  { longestWaitMs = LONGEST_WAIT_MS } = {}
): CachePrimer<T> {
  const prefixes = new WeakMap<object, Prefix>()

  return async (shared, signal, send) => {
    const prefix = prefixes.get(shared) ?? { warmUntil: 0, priming: null }
    prefixes.set(shared, prefix)
    const isCold = () => performance.now() >= prefix.warmUntil
    if (isCold() && prefix.priming !== null) {
      await settledWithin(longestWaitMs, prefix.priming, signal)
    }
    const sent = send()
    // Waiting requests go out after it, also when it fails.
    if (isCold() && prefix.priming === null) {
      prefix.priming = sent.then(() => {}, () => {}).finally(() => {
        prefix.priming = null
      })
    }
    const answer = await sent
    if (wrote(answer)) prefix.warmUntil = performance.now() + LIFETIME_MS
    return answer
  }
}

async function settledWithin (
  ms: number,
  promise: Promise<unknown>,
  signal: AbortSignal
): Promise<void> {
  const settled = new AbortController()
  const tooLong = wait(ms, undefined, { signal: AbortSignal.any([signal, settled.signal]) })
  await Promise.race([promise, tooLong]).finally(() => settled.abort())
}
