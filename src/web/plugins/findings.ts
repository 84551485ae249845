import { setTimeout as sleep } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { resolveQuiet, searchAllRuns } from '../../analysis/findings/catch-up.ts'
import { noteVerdicts } from '../../analysis/findings/verdict-findings.ts'
import { messageOf } from '../../platform/errors.ts'

const SEARCH_EVERY_MS = 5000
/** Both depend on days, so minutes later is early enough. */
const LOOK_BACK_EVERY = 60

/** Searches ended runs for findings. Any process may; each run is searched by one. */
export default fp<{ everyMs?: number | undefined }>(async (app, { everyMs = SEARCH_EVERY_MS }) => {
  const { database } = app
  const closing = new AbortController()
  const { signal } = closing

  async function keepSearching (): Promise<void> {
    for (let round = 0; !signal.aborted; round++) {
      await sleep(everyMs, undefined, { signal, ref: false })
      if (database.isReady()) await search(round % LOOK_BACK_EVERY === 0).catch(tell)
    }
  }

  function tell (error: unknown): void {
    if (signal.aborted) return
    app.log.warn({ err: messageOf(error) }, 'runs could not be searched for findings')
  }

  async function search (looksBack: boolean): Promise<void> {
    const { db } = database
    const { moved } = await searchAllRuns(db)
    if (looksBack) moved.push(...await noteVerdicts(db), ...await resolveQuiet(db))
    for (const { id, to } of moved) app.log.info({ finding: id, state: to }, `finding ${to}`)
  }

  let searching = Promise.resolve()
  app.addHook('onReady', async () => {
    searching = keepSearching().catch(() => {})
  })
  app.addHook('preClose', async () => {
    closing.abort()
    await searching
  })
}, { name: 'findings', dependencies: ['database'] })
