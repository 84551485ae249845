import cron from 'node-cron'

/** What makes this process look for due personas, again and again. */
interface Pokes {
  start(): void
  stop(): Promise<void>
  /** When it looks next by this process's clock, as ISO 8601. */
  nextAt(): string | null
}

/** The longest that a timer of Node takes. */
const LONGEST_WAIT_MS = 2_147_483_647
/** A timer may come a moment early; the same minute would then be found twice. */
const SAFELY_AFTER_MS = 5

/**
 * node-cron says when the next time is, a timer of ours waits for it. Timers go by the monotonic
 * clock, so a poke comes one period after the last whatever happens to the wall clock. node-cron's
 * own timers would stay silent until the old time comes round again when it is set back, and walk
 * through every time that was missed, each with a line on stdout, when it is set forward. A poke
 * while the one before is still at work is left out.
 * @param poke must not throw
 */
export function createPokes (schedule: string, poke: () => Promise<void>): Pokes {
  const times = cron.createTask(schedule, () => {}, { name: 'tick' })
  const next = () => times.getNextRuns(1)[0]
  let timer: NodeJS.Timeout | undefined
  let busy = false

  function arm (): void {
    const at = next()
    if (at === undefined) return
    const waitMs = Math.max(0, at.getTime() - Date.now()) + SAFELY_AFTER_MS
    timer = setTimeout(() => {
      arm()
      if (waitMs <= LONGEST_WAIT_MS && !busy) pokeOnce()
    }, Math.min(waitMs, LONGEST_WAIT_MS))
  }

  async function pokeOnce (): Promise<void> {
    busy = true
    try {
      await poke()
    } finally {
      busy = false
    }
  }

  return {
    nextAt: () => next()?.toISOString() ?? null,
    start: arm,
    async stop () {
      clearTimeout(timer)
      await times.destroy()
    }
  }
}
