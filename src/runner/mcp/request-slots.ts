/** A cap on how much is asked of one app at once by all personas of this process. */
export interface RequestSlots {
  /**
   * Waits for a place, first come, first served.
   * @returns gives the place back
   * @throws the reason of the signal
   */
  take(signal: AbortSignal): Promise<() => void>
}

export function createSlots (size: number): RequestSlots {
  let free = size
  const waiting: (() => void)[] = []

  const giveBack = () => {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
  /** Whoever gives a place back twice has had it once. */
  const place = () => {
    let held = true
    return () => {
      if (held) giveBack()
      held = false
    }
  }

  return {
    async take (signal) {
      signal.throwIfAborted()
      if (free > 0) {
        free--
        return place()
      }
      return new Promise((resolve, reject) => {
        const onTurn = () => {
          signal.removeEventListener('abort', onAbort)
          resolve(place())
        }
        const onAbort = () => {
          waiting.splice(waiting.indexOf(onTurn), 1)
          reject(signal.reason)
        }
        waiting.push(onTurn)
        signal.addEventListener('abort', onAbort, { once: true })
      })
    }
  }
}
