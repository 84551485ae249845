import { parseArgs } from 'node:util'
import { getApp, listAppNames } from '../runner/apps/repository.ts'
import { planRelabel, relabelRuns } from '../runner/runs/relabel.ts'
import { withStore, type Store } from './open-store.ts'

const HELP = `npm run modules:relabel [-- --app NAME] [--dry-run]

Gives the calls and visits of runs that are over the modules that their app's tools have by now. Ratings keep the
module that the persona was told. Runs that are open are left out. Stopped in the middle, it goes on when it is run again.
  --app NAME   this app only
  --dry-run    say what would change, tool by tool, and change nothing`

const SAY_EVERY = 100

const { values } = parseArgs({
  options: {
    app: { type: 'string' },
    'dry-run': { type: 'boolean' },
    help: { type: 'boolean' }
  }
})

async function relabel ({ apps, database: { db } }: Store, app: string): Promise<void> {
  const { modules } = await apps.find(app)
  const { changes, idle } = await planRelabel(db, app, modules)
  for (const { tool, from, to, calls, runs } of changes) {
    console.log(`${app}  ${tool}  ${from} → ${to}  ${calls} calls, ${runs} runs`)
  }
  for (const pattern of idle) console.log(`${app}  the pattern "${pattern}" covers no tool`)
  if (values['dry-run']) {
    console.log(`${app}  nothing was changed: --dry-run`)
    return
  }
  const runs = await relabelRuns(db, app, modules, (done, of) => {
    if (done % SAY_EVERY === 0) console.log(`${app}  ${done} of ${of} so far`)
  })
  console.log(`${app}  ${runs} runs were relabelled.`)
  if (runs > 0) {
    console.log(`${app}  Findings keep their modules until npm run findings:rebuild.`)
  }
}

if (values.help) {
  console.log(HELP)
} else {
  await withStore(async app => {
    const { db } = app.database
    if (values.app !== undefined) await getApp(db, values.app)
    const names = values.app === undefined ? await listAppNames(db) : [values.app]
    for (const name of names) await relabel(app, name)
  }, { apps: true })
}
