import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { suiteEnv } from './server-process.ts'

interface Ended {
  /** Null: killed. */
  code: number | null
  /** Of both streams. */
  output: string
}

interface CommandOptions {
  args?: string[]
  /** All that it has of an environment, but for PATH and the date of the suite. */
  env: Record<string, string>
  /** kill -9 as soon as it has said this. */
  killAfter?: RegExp | undefined
}

/** Runs a command of `src/cli` in a folder without a `.env`. @param name of its file */
export async function runCommand (
  name: string,
  { args = [], env, killAfter }: CommandOptions
): Promise<Ended> {
  const file = fileURLToPath(new URL(`../../src/cli/${name}`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], {
    env: { PATH: process.env.PATH, ...suiteEnv(), ...env },
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += chunk
      if (killAfter?.test(output)) child.kill('SIGKILL')
    })
  }
  const [code] = await once(child, 'close') as [number | null]
  return { code, output }
}
