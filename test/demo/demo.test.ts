import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { onServer } from '../helpers/database.ts'
import { suiteEnv } from '../helpers/server-process.ts'

const DEMO = fileURLToPath(new URL('../../src/demo/demo.ts', import.meta.url))
// The demo has its own store in memory, whichever the suite runs on.
const skip = onServer ? 'the demo has its own store' : false

function startDemo (args: string[]) {
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

t.test('the demo shows ten days and their ratings, says that the model is a stand-in, and ends', {
  skip
}, async t => {
  const { folder, seen, ended } = startDemo(['--days', '1', '--exit'])
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

t.test('in weeks of the demo one release breaks a module and the next one mends it', {
  skip
}, async t => {
  const { folder, seen, ended } = startDemo(['--exit'])
  const [code] = await ended
  t.equal(code, 0, seen.text.slice(-2000))
  t.match(seen.text, /280 of 280 days lived/)
  const report = seen.text.slice(seen.text.indexOf('What each release did'))
  const [, first = '', second = ''] = report.split(/^ {2}2\.[45]\.\d /m).slice(1)
  t.match(first, /todo (was rated lower|got in the way more)/, report)
  t.match(second, /todo (was rated higher|got in the way less)/, report)
  const table = report.slice(report.indexOf('By module'), report.indexOf(' days lived'))
  t.same(table.split('\n').filter(line => line.length > 80), [])
  t.strictSame(readdirSync(folder), [], 'nothing is left behind')
})

t.test('an option that is not right is told in one line', { skip }, async t => {
  const french = startDemo(['--locale', 'fr'])
  t.same(await french.ended, [2, null])
  t.equal(french.seen.text, '--locale must be de or en (it is "fr").\n')
  const { seen, ended } = startDemo(['--days', '0'])
  const [code] = await ended
  t.equal(code, 2)
  t.equal(seen.text, '--days must be a whole number from 1 to 60 (it is "0").\n')
})

t.test('Ctrl-C in the middle ends the demo and leaves nothing behind', { skip }, async t => {
  const { child, folder, seen, ended } = startDemo(['--stay'])
  while (!/✓/.test(seen.text)) await new Promise(resolve => setTimeout(resolve, 50))
  child.kill('SIGINT')
  const [code] = await ended
  t.equal(code, 130)
  t.strictSame(readdirSync(folder), [])
})
