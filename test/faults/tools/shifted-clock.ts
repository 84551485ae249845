/**
 * This process's wall clock, off by so much from now on; timers and `performance.now()` go on as
 * they are.
 */

const RealDate = Date
let offsetMs = 0

class ShiftedDate extends RealDate {
  constructor (...args: unknown[]) {
    super(...(args.length === 0 ? [ShiftedDate.now()] : args) as [number])
  }

  static override now (): number {
    return RealDate.now() + offsetMs
  }
}

/** 0 puts it right again. */
export function shiftClock (ms: number): void {
  offsetMs = ms
  globalThis.Date = ms === 0 ? RealDate : ShiftedDate as DateConstructor
}
