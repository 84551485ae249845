import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServerDatabase, onServer } from './database.ts'

interface Teardown {
  teardown(fn: () => Promise<void> | void): void
}

const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url))

export interface ServerProcess {
  child: ChildProcess
  /** Resolves with its address once it listens; rejects with all it wrote when it ends before. */
  listening: Promise<string>
  /** Resolves when it has ended. */
  ended: Promise<{ code: number | null, signal: NodeJS.Signals | null, afterMs: number }>
  output(): string
  signal(signal: NodeJS.Signals): void
}

/**
 * The variables of a store that one test has for itself: a folder, or a database on the test
 * server.
 */
export async function storeEnv (t: Teardown): Promise<Record<string, string>> {
  if (onServer) return { DATABASE_URL: await createServerDatabase(t as never) }
  const folder = mkdtempSync(join(tmpdir(), 'persona-runner-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return { DATA_DIR: folder }
}

/** What a process with an environment of its own gets of the suite: its date, and compiled code. */
export function suiteEnv (): Record<string, string | undefined> {
  const { NODE_COMPILE_CACHE, NODE_OPTIONS, TEST_CLOCK_OFFSET_MS } = process.env
  return {
    NODE_COMPILE_CACHE,
    ...(TEST_CLOCK_OFFSET_MS !== undefined && { NODE_OPTIONS, TEST_CLOCK_OFFSET_MS })
  }
}

/**
 * `node src/server.ts` in a folder without a `.env`, with these variables and no others. Killed by
 * the teardown.
 * @param nodeArgs for Node itself; the child can then be talked to by `child.send`
 * @param entry in place of `src/server.ts`
 */
export function startServer (
  t: Teardown,
  env: Record<string, string>,
  { nodeArgs = [] as string[], entry = SERVER } = {}
): ServerProcess {
  const child = spawn(process.execPath, [...nodeArgs, entry], {
    env: { PATH: process.env.PATH, PORT: '0', ...suiteEnv(), ...env },
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe', nodeArgs.length > 0 ? 'ipc' : 'ignore']
  })
  let output = ''
  let signalledAt = performance.now()
  const ended = once(child, 'close').then(([code, signal]) => ({
    code,
    signal,
    afterMs: performance.now() - signalledAt
  }))
  const listening = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      const address = /Server listening at (http:\/\/[^"\s]+)/.exec(output)?.[1]
      if (address !== undefined) resolve(address)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    ended.then(() => reject(new Error(output)), reject)
  })
  listening.catch(() => {})
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    child,
    listening,
    ended,
    output: () => output,
    signal (signal) {
      signalledAt = performance.now()
      child.kill(signal)
    }
  }
}
