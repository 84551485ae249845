import { subscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'

/**
 * Loaded before anything else where the suite runs under another date (`npm test -- --date`): this
 * process, and those that it starts, live so many milliseconds later. Embedded storage takes its
 * time from `Date`, too; timers go on as they are.
 */

const offsetMs = Number(process.env.TEST_CLOCK_OFFSET_MS ?? 0)
const RealDate = Date

class ShiftedDate extends RealDate {
  constructor (...args: [] | [number | string | Date]) {
    if (args.length === 0) super(RealDate.now() + offsetMs)
    else super(...args as [number])
  }

  static override now (): number {
    return RealDate.now() + offsetMs
  }
}

/** `Date()` without `new` is a text; a class cannot be called so. */
globalThis.Date = new Proxy(ShiftedDate, {
  apply: () => new ShiftedDate().toString()
}) as unknown as DateConstructor

/** Node takes the `Date` header of an answer from a clock of its own. */
subscribe('http.server.request.start', message => {
  const { response } = message as { response: ServerResponse }
  response.setHeader('Date', new Date().toUTCString())
})
