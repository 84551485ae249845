/**
 * Work that is under way for a key is not begun a second time: whoever asks meanwhile waits for the
 * same.
 */

interface Flight<T> {
  result: Promise<T>
  waiting: number
  giveUp: AbortController
}

/**
 * @param work must end soon after its signal fires, which happens when no caller waits any more
 * @returns does the work, or joins it; a caller whose signal fires stops waiting
 */
export function singleFlight<T> (
  work: (key: string, signal: AbortSignal) => Promise<T>
): (key: string, signal: AbortSignal) => Promise<T> {
  const underWay = new Map<string, Flight<T>>()

  function begin (key: string): Flight<T> {
    const giveUp = new AbortController()
    const flight: Flight<T> = { result: work(key, giveUp.signal), waiting: 0, giveUp }
    underWay.set(key, flight)
    const forget = () => {
      if (underWay.get(key) === flight) underWay.delete(key)
    }
    giveUp.signal.addEventListener('abort', forget)
    flight.result.then(forget, forget)
    return flight
  }

  return (key, signal) => {
    const flight = underWay.get(key) ?? begin(key)
    flight.waiting++
    return new Promise((resolve, reject) => {
      const leave = () => {
        // The last to leave hears from the work itself how it ended.
        if (--flight.waiting === 0) flight.giveUp.abort(signal.reason)
        else reject(signal.reason)
      }
      flight.result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
    })
  }
}
