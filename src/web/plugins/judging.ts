import { setTimeout as sleep } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { messageOf } from '../../platform/errors.ts'
import { judgeReleases, type LookTaken } from '../../analysis/verdicts/judge-releases.ts'

/** A look falls due when a day (UTC) is over, so an hour late is early enough. */
const LOOK_EVERY_MS = 15 * 60_000
/** A process may start before its database server. */
const WAIT_FOR_DATABASE_MS = 5000

/** Looks at releases whose next look is due. Any process may; each look is written once. */
export default fp(async app => {
  const { database } = app
  const closing = new AbortController()
  const { signal } = closing

  async function keepJudging (): Promise<void> {
    while (!signal.aborted) {
      const isReady = database.isReady()
      if (isReady) await judge().catch(tell)
      await sleep(isReady ? LOOK_EVERY_MS : WAIT_FOR_DATABASE_MS, undefined, { signal, ref: false })
    }
  }

  function tell (error: unknown): void {
    if (signal.aborted) return
    app.log.warn(
      { err: messageOf(error) },
      'releases could not be judged; the next try is in 15 minutes'
    )
  }

  async function judge (): Promise<void> {
    for (const look of await judgeReleases(database.db)) {
      app.log.info(fieldsOf(look), 'release judged')
    }
  }

  let judging = Promise.resolve()
  app.addHook('onReady', async () => {
    judging = keepJudging().catch(() => {})
  })
  app.addHook('preClose', async () => {
    closing.abort()
    await judging
  })
}, { name: 'judging', dependencies: ['database'] })

function fieldsOf ({ app, releases, day, verdicts }: LookTaken): object {
  const named = (word: string) =>
    verdicts.filter(({ verdict }) => verdict === word).map(({ module }) => module)
  return {
    app,
    releases,
    day,
    worse: named('worse'),
    better: named('better'),
    mixed: named('mixed')
  }
}
