import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { startPostgres } from './helpers/postgres-server.ts'
import { filesByStore } from './helpers/stores.ts'
import { TapReport } from './helpers/tap-report.ts'

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
const TAP = join(createRequire(import.meta.url).resolve('tap/package.json'), '../dist/esm/run.mjs')
const CLOCK = join(ROOT, 'test/helpers/shifted-clock.ts')
const HALVES = { '--pglite': onPglite, '--postgres': onPostgres }

interface Outcome {
  passed: number
  failed: number
  summary: string
}

let running: ChildProcess | undefined

async function main (given: string[]): Promise<void> {
  const args = setDate(given)
  const wanted = Object.entries(HALVES).filter(([flag]) => args.includes(flag))
  const tapArgs = args.filter(arg => !(arg in HALVES))
  buildTapOnce()
  const outcomes: Outcome[] = []
  if (wanted.length > 0) {
    for (const [, half] of wanted) outcomes.push(await half(tapArgs))
  } else {
    const { pglite, postgres } = filesByStore(join(ROOT, 'test'))
    outcomes.push(await onPglite(tapArgs.length > 0 ? tapArgs : pglite))
    outcomes.push(await onPostgres(tapArgs.length > 0 ? tapArgs : postgres))
  }
  console.log()
  for (const { summary } of outcomes) console.log(summary)
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0)
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0)
  process.exitCode = failed > 0 ? 1 : 0
  // Other programs read this: keep it the last line.
  console.log(`${passed} passed, ${failed} failed`)
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

function onPglite (args: string[]): Promise<Outcome> {
  const { TEST_DATABASE_URL, ...env } = process.env
  return runTap('PGlite', args, env)
}

async function onPostgres (args: string[]): Promise<Outcome> {
  if (process.env.TEST_DATABASE_URL !== undefined) {
    return runTap('Postgres (TEST_DATABASE_URL)', withJobs(args), process.env)
  }
  const server = await startPostgres().catch((error: Error) => error)
  if (server instanceof Error) return notRun('Postgres', server.message)
  try {
    return await runTap('Postgres', withJobs(args), {
      ...process.env,
      TEST_DATABASE_URL: server.url
    })
  } finally {
    await server.stop('immediate')
  }
}

/** On a server most tests wait for it and for the network, so more of them go at once. */
const SERVER_JOBS = 4
const withJobs = (args: string[]) => [`--jobs=${SERVER_JOBS}`, ...args]

async function runTap (half: string, args: string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  console.log(`\n${half}`)
  const startedAt = performance.now()
  const report = new TapReport(line => console.log(line))
  running = spawn(process.execPath, [TAP, '--reporter=tap', ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(running, 'close')
  if (running.stdout !== null) {
    createInterface({ input: running.stdout }).on('line', line => report.line(line))
  }
  const [code, signal] = await ended
  const { passed, failed, skipped } = report.counts ?? { passed: 0, failed: 0, skipped: 0 }
  if (passed + failed === 0) return notRun(half, 'no test ran')
  // tap may be unhappy for a reason that no assertion shows, such as a signal.
  if (code !== 0 && failed === 0) {
    return {
      passed,
      failed: 1,
      summary: `${half}: ${passed} passed, but tap ended with ${signal ?? code}`
    }
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  return {
    passed,
    failed,
    summary: `${half}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s`
  }
}

/** What could not be run has failed. */
function notRun (half: string, why: string): Outcome {
  return { passed: 0, failed: 1, summary: `${half}: not run: ${why}` }
}

/**
 * tap is delivered with a TypeScript compiler inside, which .taprc takes out: Node strips the types
 * by itself, for 1 s less per test file. A fresh install has to be built without it once; else the
 * first run of tap would do that and fail.
 */
function buildTapOnce (): void {
  const tap = (command: string) =>
    spawnSync(process.execPath, [TAP, command], { cwd: ROOT, encoding: 'utf8' })
  if (!tap('versions').stdout.includes('@tapjs/typescript')) return
  console.log('Building tap, once after an install')
  const { status, stdout, stderr } = tap('build')
  if (status !== 0) throw new Error(`tap build failed: ${stdout}${stderr}`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    running?.kill(signal)
    process.exit(128 + constants.signals[signal])
  })
}

await main(process.argv.slice(2))
