import { setTimeout as sleep } from 'node:timers/promises'

export interface RememberOptions<T> {
  work: () => Promise<T>
  /** Works it out at most that often for live pages, whoever asks. */
  everyMs: number
  /** Becomes another one when something has changed: an answer from before is never given again. */
  version: () => number
}

/** Nobody may be watching for changes: an answer older than this is none. */
const LONGEST_MS = 5000

/**
 * One answer for all live pages: two hundred cost what one costs. Who asks while the last answer is outdated but young
 * waits for the next one, together with everybody else.
 * @returns asks for the answer; a person who opens a page gets a `fresh` one at once
 */
export function remember<T> ({ work, everyMs, version }: RememberOptions<T>): (fresh: boolean) => Promise<T> {
  let kept: { version: number, at: number, answer: Promise<T> } | undefined
  let next: Promise<T> | undefined
  const begin = () => {
    const entry = { version: version(), at: performance.now(), answer: work() }
    kept = entry
    // A failure is not remembered.
    entry.answer.catch(() => { if (kept === entry) kept = undefined })
    return entry.answer
  }
  return fresh => {
    const ageMs = kept === undefined ? Infinity : performance.now() - kept.at
    if (fresh || kept === undefined) return begin()
    if (kept.version === version() && ageMs < LONGEST_MS) return kept.answer
    next ??= sleep(Math.max(0, everyMs - ageMs)).then(() => {
      next = undefined
      return begin()
    })
    return next
  }
}
