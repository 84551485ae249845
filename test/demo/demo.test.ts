import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { onServer } from '../helpers/database.ts'
import { shiftedClock } from '../helpers/server-process.ts'

const DEMO = fileURLToPath(new URL('../../src/demo/demo.ts', import.meta.url))
// The demo has its own store in memory, whichever the suite runs on.
const skip = onServer ? 'the demo has its own store' : false

function startDemo (args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'persona-runner-demo-'))
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { PATH: process.env.PATH, ...shiftedClock() },
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

t.test('the demo shows ten days and their ratings, says that the model is a stand-in, and ends', {
  skip
}, async t => {
  const { folder, seen, ended } = startDemo(['--exit'])
  const [code] = await ended
  t.equal(code, 0, seen.text.slice(-2000))
  t.match(seen.text, /10 of 10 days lived/)
  t.equal(
    seen.text.match(/no language model was asked/g)?.length,
    2,
    'announced before the days and over the numbers'
  )
  t.match(seen.text, /✗ calendar\.create .*CAL-500/, 'the planted fault hurt somebody')
  t.match(seen.text, /calendar +[\d.]+ +\d+/)
  t.match(seen.text, /ANTHROPIC_API_KEY=… npm run demo/)
  t.strictSame(readdirSync(folder), [], 'nothing is left behind')
})

t.test('Ctrl-C in the middle ends the demo and leaves nothing behind', { skip }, async t => {
  const { child, folder, seen, ended } = startDemo(['--stay'])
  while (!/✓/.test(seen.text)) await new Promise(resolve => setTimeout(resolve, 50))
  child.kill('SIGINT')
  const [code] = await ended
  t.equal(code, 130)
  t.strictSame(readdirSync(folder), [])
})
