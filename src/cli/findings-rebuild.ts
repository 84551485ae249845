import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { searchRuns } from '../analysis/findings/catch-up.ts'
import { addAllRuns, countWork } from '../analysis/findings/sightings-repository.ts'
import { withStore } from './open-store.ts'

const HELP = `npm run findings:rebuild [-- --resume]

Searches all ended runs for findings anew, after a rule has changed. States, merges and decisions stay. Stopped in the middle, it goes on where it was
with --resume; a running service goes on, too.`

const { values } = parseArgs({
  options: { help: { type: 'boolean' }, resume: { type: 'boolean' } }
})
const RUNS_A_PASS = 200
/** A running service searches, too: its pass is waited for. */
const OTHERS_PASS_MS = 500

if (values.help) {
  console.log(HELP)
} else {
  await withStore(async ({ database: { db } }) => {
    const waiting = values.resume ? await countWork(db) : await addAllRuns(db)
    let searched = 0
    for (;;) {
      const { runs } = await searchRuns(db, RUNS_A_PASS)
      if (runs === 0) break
      if (runs === null) {
        await sleep(OTHERS_PASS_MS)
        continue
      }
      searched += runs
      console.log(`${searched} of ${waiting} runs`)
    }
    const others = waiting - searched
    console.log(
      `${searched} runs were searched here${
        others > 0 ? `, and ${others} by a running service` : ''
      }.`
    )
  })
}
