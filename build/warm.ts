import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Starts the bundle once, on storage that is thrown away, so that it keeps what every start may
 * use: its compiled code and a new data folder with all tables in it. The second half of `npm run
 * build`; an image has it done by the user who runs it, as compiled code is kept per user.
 */

const LIMIT_MS = 120_000

/** @throws Error with what the server said, when it did not start */
export async function warm (dist: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'persona-runner-warm-'))
  const server = spawn(process.execPath, [join(dist, 'src/server.js')], {
    cwd: folder,
    env: { DATA_DIR: folder, PORT: '0', NODE_ENV: 'development' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const limit = setTimeout(() => server.kill('SIGKILL'), LIMIT_MS)
  let output = ''
  server.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    const address = /Server listening at (http:\/\/[^"\s]+)/.exec(output)?.[1]
    if (address === undefined) return
    server.stdout.removeAllListeners('data').resume()
    // What the first requests load and compile belongs to a start.
    Promise.all(['/ready', '/sign-in'].map(path => fetch(`${address}${path}`))).finally(() =>
      server.kill('SIGTERM')
    ).catch(() => {})
  })
  const [code] = await once(server, 'exit') as [number | null]
  clearTimeout(limit)
  rmSync(folder, { recursive: true, force: true })
  if (code !== 0) throw new Error(`The bundle did not start:\n${output}`)
}

if (import.meta.main) await warm(join(import.meta.dirname, '../dist'))
