import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onServer } from './database.ts'
import { suiteEnv } from './server-process.ts'

const DEMO = fileURLToPath(new URL('../../src/demo/demo.ts', import.meta.url))
/** The demo has its own store in memory, whichever the suite runs on. */
export const skip = onServer ? 'the demo has its own store' : false

/** `npm run demo` in an empty folder, with no variables but the path. */
export function startDemo (args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'persona-runner-demo-'))
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { PATH: process.env.PATH, ...suiteEnv() },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const seen = { text: '' }
  child.stdout.on('data', chunk => {
    seen.text += chunk
  })
  child.stderr.on('data', chunk => {
    seen.text += chunk
  })
  return { child, folder, seen, ended: once(child, 'close') }
}
