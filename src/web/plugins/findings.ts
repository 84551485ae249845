import fp from 'fastify-plugin'
import { resolveQuiet, searchAllRuns } from '../../analysis/findings/catch-up.ts'
import { noteVerdicts } from '../../analysis/findings/verdict-findings.ts'
import { keepDoing } from './background.ts'

const SEARCH_EVERY_MS = 5000
/** Both depend on days, so minutes later is early enough. */
const LOOK_BACK_EVERY = 60

/** Searches ended runs for findings. Any process may; each run is searched by one. */
export default fp<{ everyMs?: number | undefined }>(async (app, { everyMs = SEARCH_EVERY_MS }) => {
  const { database } = app
  let rounds = 0
  keepDoing(app, {
    everyMs,
    failed: 'runs could not be searched for findings; they stay in the list and are tried again',
    async round () {
      if (!database.isReady()) return
      const { db } = database
      const { moved } = await searchAllRuns(db)
      if (rounds++ % LOOK_BACK_EVERY === 0) {
        moved.push(...await noteVerdicts(db), ...await resolveQuiet(db))
      }
      for (const { id, to } of moved) app.log.info({ finding: id, state: to }, `finding ${to}`)
    }
  })
}, { name: 'findings', dependencies: ['database'] })
