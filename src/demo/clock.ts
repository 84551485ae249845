/**
 * The demo's own time: this process, the database in it and the sample app live some days before
 * now. Timers go on as they are.
 */

let offsetMs = 0
let isSet = false

/** From now on `Date` tells the time so many milliseconds after the real one; negative: before. */
export function setClock (ms: number): void {
  offsetMs = ms
  if (isSet) return
  isSet = true
  const RealDate = Date
  class DemoDate extends RealDate {
    constructor (...args: [] | [number | string | Date]) {
      if (args.length === 0) super(RealDate.now() + offsetMs)
      else super(...args as [number])
    }

    static override now (): number {
      return RealDate.now() + offsetMs
    }
  }
  globalThis.Date = DemoDate as DateConstructor
}
