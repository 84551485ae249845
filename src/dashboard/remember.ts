/**
 * One answer for all who ask within a moment: two hundred open pages cost what one costs. Who comes while it is being
 * worked out waits for the same one; a failure is not remembered.
 */
export function remember<T> (forMs: number, work: () => Promise<T>, now: () => number = () => performance.now()): () => Promise<T> {
  let kept: { at: number, answer: Promise<T> } | undefined
  return () => {
    if (kept !== undefined && now() - kept.at < forMs) return kept.answer
    const entry = { at: now(), answer: work() }
    kept = entry
    entry.answer.catch(() => { if (kept === entry) kept = undefined })
    return entry.answer
  }
}
