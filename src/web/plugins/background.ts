import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { messageOf } from '../../platform/errors.ts'

/** Work that no request asks for. */
interface Work {
  /** Until the next round; a round may name another pause. */
  everyMs: number
  /** Before the first round; left out: `everyMs`. */
  firstAfterMs?: number
  /** What stands in the log when a round fails: what is left undone, and when it is tried again. */
  failed: string
  /**
   * @param signal aborted when the app closes, which waits for the round
   * @returns how long to wait for the next round, in milliseconds; nothing: `everyMs`
   */
  round: (signal: AbortSignal) => Promise<number | undefined>
}

/** Does one round after the other from the start of the app to its end. */
export function keepDoing (app: FastifyInstance, work: Work): void {
  const { everyMs, firstAfterMs = everyMs, failed, round } = work
  const closing = new AbortController()
  const { signal } = closing

  async function go (): Promise<void> {
    let pauseMs = firstAfterMs
    for (;;) {
      await sleep(pauseMs, undefined, { signal, ref: false })
      pauseMs = await round(signal).catch(tell) ?? everyMs
    }
  }

  function tell (error: unknown): undefined {
    if (!signal.aborted) app.log.warn({ err: messageOf(error) }, failed)
  }

  let going = Promise.resolve()
  app.addHook('onReady', async () => {
    // Ends with the abort of its pause.
    going = go().catch(() => {})
  })
  app.addHook('preClose', async () => {
    closing.abort()
    await going
  })
}
