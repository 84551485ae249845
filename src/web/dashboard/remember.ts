import { setTimeout as sleep } from 'node:timers/promises'

interface RememberOptions<T> {
  work: () => Promise<T>
  /** Works it out at most that often for live pages, whoever asks. */
  everyMs: number
  /** Becomes another one when something has changed: an answer from before is never given again. */
  version: () => number
}

/** So many different questions have an answer kept. */
const MAX_QUESTIONS = 100

/** Nobody may be watching for changes: an answer older than this is none. */
const LONGEST_MS = 5000

/**
 * One answer for all live pages: two hundred cost what one costs. Who asks while the last answer is
 * outdated but young waits for the next one, together with everybody else.
 * @returns asks for the answer; a person who opens a page gets a `fresh` one at once
 */
export function remember<T> (
  { work, everyMs, version }: RememberOptions<T>
): (fresh: boolean) => Promise<T> {
  let kept: { version: number, at: number, answer: Promise<T> } | undefined
  let next: Promise<T> | undefined
  const begin = () => {
    const entry = { version: version(), at: performance.now(), answer: work() }
    kept = entry
    // A failure is not remembered.
    entry.answer.catch(() => {
      if (kept === entry) kept = undefined
    })
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

interface RememberEachOptions<Q, T> extends Omit<RememberOptions<T>, 'work'> {
  work: (question: Q) => Promise<T>
}

/**
 * The same for a page with filters: one answer for each question, the one asked longest ago
 * forgotten first.
 */
export function rememberEach<Q, T> (
  { work, ...options }: RememberEachOptions<Q, T>
): (question: Q, fresh: boolean) => Promise<T> {
  const asked = new Map<string, (fresh: boolean) => Promise<T>>()
  return (question, fresh) => {
    const key = JSON.stringify(question)
    const ask = asked.get(key) ?? remember({ ...options, work: () => work(question) })
    // Behind all others again, so that the first one is always the one asked longest ago.
    asked.delete(key)
    asked.set(key, ask)
    const [oldest] = asked.keys()
    if (asked.size > MAX_QUESTIONS && oldest !== undefined) asked.delete(oldest)
    return ask(fresh)
  }
}
