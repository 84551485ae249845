import { statSync } from 'node:fs'
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startPostgres, type PostgresServer } from './helpers/postgres-server.ts'
import { endFiles, runFiles, type RunOptions, type Totals } from './helpers/run-files.ts'
import { filesByStore, testFilesIn } from './helpers/stores.ts'

/**
 * `npm test`: on a Postgres server every file that uses a database, and on embedded PGlite every
 * other file and those that can tell the two stores apart (`helpers/stores.ts`), because both are
 * promised.
 *
 * `npm test -- --pglite` or `-- --postgres` runs all files, or those that are named, on one store.
 * `npm test -- --date 2028-02-29T12:00:00Z` runs all on PGlite as on that date: a Postgres server
 * has a clock of its own. The server is the one that TEST_DATABASE_URL names, else one of our own
 * that is gone afterwards.
 */

const ROOT = join(import.meta.dirname, '..')
const CLOCK = join(ROOT, 'test/helpers/shifted-clock.ts')
const STORES = ['--pglite', '--postgres']
/** On a server most tests wait for it and for the network, so more of them go at once. */
const JOBS = { pglite: 3, postgres: 4 }
/** Compiling PGlite well takes more CPU than a test file gets back. */
const QUICK_COMPILER = '--liftoff-only'

interface Outcome extends Totals {
  summary: string
}

async function main (given: string[]): Promise<void> {
  const args = setDate(given)
  const outcomes = await runStores(wantedFiles(args))
  console.log()
  for (const { summary } of outcomes) console.log(summary)
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0)
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0)
  process.exitCode = failed > 0 ? 1 : 0
  // Other programs read this: keep it the last line.
  console.log(`${passed} passed, ${failed} failed`)
}

interface FilesByStore {
  pglite: string[]
  postgres: string[]
}

/** @throws Error when an argument is neither a flag nor a test file or a folder of them */
function wantedFiles (args: string[]): FilesByStore {
  const named = args.filter(arg => !STORES.includes(arg)).flatMap(filesAt)
  const stores = args.filter(arg => STORES.includes(arg))
  if (stores.length === 0 && named.length === 0) return filesByStore(join(ROOT, 'test'))
  const files = named.length > 0 ? named : testFilesIn(join(ROOT, 'test'))
  const on = (store: string) => stores.length === 0 || stores.includes(store) ? files : []
  return { pglite: on('--pglite'), postgres: on('--postgres') }
}

function filesAt (arg: string): string[] {
  const path = resolve(arg)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory() === true) return testFilesIn(path)
  if (found?.isFile() === true) return [path]
  throw new Error(`"${arg}" is no test file and no folder; flags are --date, ${STORES.join(', ')}`)
}

async function runStores ({ pglite, postgres }: FilesByStore): Promise<Outcome[]> {
  if (postgres.length === 0) return [await onPglite(pglite)]
  const server = await openServer()
  if (server instanceof Error) {
    const rest = postgres.filter(file => !pglite.includes(file))
    return [await onPglite([...pglite, ...rest]), notRun('Postgres', server.message)]
  }
  try {
    const outcomes = pglite.length > 0 ? [await onPglite(pglite)] : []
    return [...outcomes, await onPostgres(postgres, server.url)]
  } finally {
    await server.stop('immediate')
  }
}

async function openServer (): Promise<{ url: string, stop: PostgresServer['stop'] } | Error> {
  const { TEST_DATABASE_URL: url } = process.env
  if (url !== undefined) return { url, stop: async () => {} }
  return startPostgres().catch((error: Error) => error)
}

/**
 * Takes `--date` and its value out of the arguments. Every process of the suite inherits the clock.
 */
function setDate (args: string[]): string[] {
  const at = args.indexOf('--date')
  if (at === -1) return args
  const date = args[at + 1] ?? ''
  const offsetMs = Date.parse(date) - Date.now()
  if (Number.isNaN(offsetMs)) {
    throw new Error(`--date must be an instant such as 2028-02-29T12:00:00Z (it is "${date}")`)
  }
  if (args.includes('--postgres')) {
    throw new Error('--date goes with --pglite only: a Postgres server has a clock of its own')
  }
  process.env.TEST_CLOCK_OFFSET_MS = String(offsetMs)
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${
    pathToFileURL(CLOCK).href
  }`.trim()
  console.log(`As on ${date}, on PGlite`)
  return ['--pglite', ...args.filter((arg, i) => i !== at && i !== at + 1 && arg !== '--pglite')]
}

function onPglite (files: string[]): Promise<Outcome> {
  const { TEST_DATABASE_URL, ...env } = process.env
  return runOn('PGlite', files, { env, nodeArgs: [QUICK_COMPILER], jobs: JOBS.pglite })
}

function onPostgres (files: string[], url: string): Promise<Outcome> {
  const env = { ...process.env, TEST_DATABASE_URL: url }
  return runOn('Postgres', files, { env, nodeArgs: [], jobs: JOBS.postgres })
}

async function runOn (
  store: string,
  files: string[],
  options: Pick<RunOptions, 'env' | 'nodeArgs' | 'jobs'>
): Promise<Outcome> {
  console.log(`\n${store}`)
  const startedAt = performance.now()
  const totals = await runFiles(files, { ...options, root: ROOT, say: line => console.log(line) })
  const { passed, failed, skipped } = totals
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  return {
    ...totals,
    summary: `${store}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s`
  }
}

/** What could not be run has failed. */
function notRun (store: string, why: string): Outcome {
  return { passed: 0, failed: 1, skipped: 0, summary: `${store}: not run: ${why}` }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    endFiles(signal)
    process.exit(128 + constants.signals[signal])
  })
}

await main(process.argv.slice(2))
