import { parseArgs } from 'node:util'
import { diagnose } from './diagnose.ts'
import { printReport } from './doctor/print-report.ts'
import { readEnvironment } from '../platform/environment.ts'
import { messageOf } from '../platform/errors.ts'

const HELP = `npm run doctor [-- --app NAME] [--no-model] [--json]

Looks at all that a day needs, before money is spent: the configuration, the database, the model (one request of a few
tokens), each app with its tools and the sign-in of a persona, the clocks, and what the cast will cost. A line each:
✓ is right, ✗ is wrong and what to do, – was not checked and why. Nothing is stored. The code is 1 where something is wrong.
  --app NAME   this app alone
  --no-model   send no request that costs money
  --json       the same for machines (src/cli/doctor/schemas.ts)

Example: npm run --silent doctor -- --no-model --json`

const OPTIONS = {
  app: { type: 'string' },
  'no-model': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' }
} as const

try {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) console.log(HELP)
  else {
    const found = await diagnose(readEnvironment(), {
      app: values.app,
      asksModel: values['no-model'] !== true
    })
    console.log(values.json ? JSON.stringify(found, null, 2) : printReport(found))
    process.exitCode = found.ok ? 0 : 1
  }
} catch (error) {
  console.error(`${messageOf(error)}\n\nnpm run doctor -- --help tells what it takes.`)
  process.exitCode = 1
}
