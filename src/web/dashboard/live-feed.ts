import { setTimeout as sleep } from 'node:timers/promises'
import { changedTopics, type Marks } from './live-marks.ts'

/**
 * Tells all listeners of this process which topics have changed, whichever process changed them.
 * One look at the database serves all, and nobody looks while nobody listens.
 */
export interface LiveFeed {
  /** @returns how to stop listening */
  listen(onChange: (topics: string[]) => void): () => void
  /** Another one after every change that was seen, and when somebody begins to look. */
  version(): number
  /** Stops looking, whoever still listens. */
  close(): Promise<void>
}

interface LiveFeedOptions {
  look: () => Promise<Marks>
  everyMs: number
  /** A look that failed; the next one tries again. */
  onError: (error: unknown) => void
}

export function createLiveFeed ({ look, everyMs, onError }: LiveFeedOptions): LiveFeed {
  const listeners = new Set<(topics: string[]) => void>()
  const closing = new AbortController()
  let looking: Promise<void> | undefined
  let version = 0

  async function keepLooking (): Promise<void> {
    let before: Marks | undefined
    while (listeners.size > 0 && !closing.signal.aborted) {
      try {
        const after = await look()
        const topics = before === undefined ? [] : changedTopics(before, after)
        if (before === undefined || topics.length > 0) version++
        before = after
        if (topics.length > 0) { for (const tell of listeners) tell(topics) }
      } catch (error) {
        onError(error)
      }
      await sleep(everyMs, undefined, { signal: closing.signal }).catch(() => {})
    }
    looking = undefined
  }

  return {
    listen (onChange) {
      listeners.add(onChange)
      looking ??= keepLooking()
      return () => {
        listeners.delete(onChange)
      }
    },
    version: () => version,
    async close () {
      closing.abort()
      await looking
    }
  }
}
