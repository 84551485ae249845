import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { readReport, type FileReport } from './tap-report.ts'

/**
 * Runs each test file as `node FILE` would, several at a time. tap's own runner adds hooks and
 * coverage to each file: 1.4 s of CPU before the first test, here 0.6 s.
 */

export interface RunOptions {
  /** The folder that the names of files are told from. */
  root: string
  env: NodeJS.ProcessEnv
  /** For Node itself. */
  nodeArgs: string[]
  /** So many files at a time. */
  jobs: number
  say: (line: string) => void
}

export interface Totals {
  passed: number
  failed: number
  skipped: number
}

/** Of a test that sets none itself, in seconds; tap's default of 30 is short on a busy machine. */
const TEST_LIMIT_S = 240
/** Then the process is killed: a blocked one notices no limit of its own. */
const FILE_LIMIT_MS = 600_000

const running = new Set<ChildProcess>()

/** Ends all files that run. */
export function endFiles (signal: NodeJS.Signals): void {
  for (const child of running) child.kill(signal)
}

export async function runFiles (files: string[], options: RunOptions): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 }
  const waiting = [...files]
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const startedAt = performance.now()
      const report = await runFile(file, options)
      tell(relative(options.root, file), report, performance.now() - startedAt, options.say)
      totals.passed += report.passed
      totals.failed += report.failed
      totals.skipped += report.skipped
    }
  }
  await Promise.all(Array.from({ length: options.jobs }, work))
  return totals
}

async function runFile (
  file: string,
  { root, env, nodeArgs }: RunOptions
): Promise<FileReport> {
  const child = spawn(process.execPath, [...nodeArgs, file], {
    cwd: root,
    env: {
      TAP_TIMEOUT: String(TEST_LIMIT_S),
      NODE_COMPILE_CACHE: join(root, 'test/.cache/compiled'),
      ...env
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: FILE_LIMIT_MS,
    killSignal: 'SIGKILL'
  })
  running.add(child)
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', line => lines.push(line))
  const [code, signal] = await once(child, 'close')
  running.delete(child)
  return readReport(lines, { code, signal })
}

function tell (name: string, report: FileReport, ms: number, say: RunOptions['say']): void {
  const result = report.failed === 0 ? 'ok' : 'FAILED'
  say(`${result.padEnd(6)} ${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`)
  for (const line of report.failures) say(`  ${line}`)
}
