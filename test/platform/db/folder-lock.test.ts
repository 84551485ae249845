import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import t, { type Test } from 'tap'
import { openDatabase } from '../../../src/platform/db/database.ts'
import { lockFolder } from '../../../src/platform/db/folder-lock.ts'

/**
 * One process per folder of the embedded storage, tried with real processes that are really killed.
 */

function newFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'persona-runner-lock-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const CHILD = `
  const { lockFolder } = await import(${
  JSON.stringify(new URL('../../../src/platform/db/folder-lock.ts', import.meta.url))
})
  console.log('ready')
  for await (const line of (await import('node:readline')).createInterface({ input: process.stdin })) {
    const startedAt = performance.now()
    const result = await lockFolder(line).then(() => 'held', error => error.code + ' ' + error.message)
    console.log(JSON.stringify({ result, ms: performance.now() - startedAt }))
  }`

interface Contender {
  /** Tries to take the folder, and keeps it until it is killed. */
  lock(folder: string): Promise<{ result: string, ms: number }>
  kill(): Promise<void>
}

/** Another process, loaded and waiting for its folder. */
async function startContender (t: Test): Promise<Contender> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CHILD], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const ended = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(kill)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    kill,
    async lock (folder) {
      child.stdin.write(`${folder}\n`)
      return JSON.parse(String((await lines.next()).value))
    }
  }
}

t.test('a second process is refused within a second, and told what to do about it', async t => {
  const folder = newFolder(t)
  const [first, second] = await Promise.all([startContender(t), startContender(t)])
  t.equal((await first.lock(folder)).result, 'held')
  // The order of names decides how a rival is asked, so try both.
  for (let i = 0; i < 8; i++) {
    const { result, ms } = await second.lock(folder)
    t.match(result, /^DATA_FOLDER_IN_USE .*stop the other one, or set DATABASE_URL/)
    t.ok(result.includes(folder), 'it names the folder')
    // A second on an idle machine, which this one need not be; without the refusal it would wait
    // for ever.
    t.ok(ms < 10_000, `${Math.round(ms)} ms`)
  }
  t.equal((await second.lock(newFolder(t))).result, 'held', 'another folder is free')
})

t.test('opening the embedded storage takes the lock, and closing it lets go', async t => {
  const folder = join(newFolder(t), 'new', 'data')
  const options = {
    dataDir: folder,
    poolSize: 1,
    onError: (error: Error) => {
      throw error
    }
  }
  const opened = await openDatabase(options)
  await t.rejects(openDatabase(options), { code: 'DATA_FOLDER_IN_USE' }, 'also within one process')
  const other = await startContender(t)
  t.match((await other.lock(folder)).result, /^DATA_FOLDER_IN_USE/)
  await opened.close()
  t.equal((await other.lock(folder)).result, 'held')
})

t.test('what a killed process left behind is taken over, and cleaned up', async t => {
  const folder = newFolder(t)
  for (let i = 0; i < 3; i++) {
    const killed = await startContender(t)
    t.equal((await killed.lock(folder)).result, 'held')
    await killed.kill()
    t.equal(readdirSync(folder).length, 1, 'kill -9 leaves its socket')
  }
  const release = await lockFolder(folder)
  t.equal(readdirSync(folder).length, 1, 'only ours is left')
  await release()
  t.same(readdirSync(folder), [], 'a polite end leaves nothing')
})

t.test('of several processes that start at once after a crash exactly one gets the folder', async t => {
  const contenders = await Promise.all(Array.from({ length: 5 }, () => startContender(t)))
  for (let round = 0; round < 10; round++) {
    const folder = newFolder(t)
    const killed = round < 2 ? await startContender(t) : null
    await killed?.lock(folder)
    await killed?.kill()
    const results = await Promise.all(contenders.map(contender => contender.lock(folder)))
    t.equal(results.filter(({ result }) => result === 'held').length, 1, `round ${round}`)
    t.equal(results.filter(({ result }) => result.startsWith('DATA_FOLDER_IN_USE')).length, 4)
  }
})

t.test('a folder is locked and let go again and again by one process', async t => {
  const folder = newFolder(t)
  for (let i = 0; i < 20; i++) {
    const release = await lockFolder(folder)
    await t.rejects(lockFolder(folder), { code: 'DATA_FOLDER_IN_USE' })
    await release()
  }
  t.same(readdirSync(folder), [])
})

t.test('a folder with a path too long for a socket is locked all the same', async t => {
  const folder = join(newFolder(t), 'x'.repeat(120))
  const release = await lockFolder(folder)
  const other = await startContender(t)
  t.match((await other.lock(folder)).result, /^DATA_FOLDER_IN_USE/)
  await release()
  t.equal((await other.lock(folder)).result, 'held')
})

t.test('files that are no locks are left alone', async t => {
  const folder = newFolder(t)
  writeFileSync(join(folder, 'lock.sock'), '')
  writeFileSync(join(folder, 'lock-notes.txt'), '')
  mkdirSync(join(folder, 'pg'))
  const release = await lockFolder(folder)
  await release()
  t.same(readdirSync(folder).sort(), ['lock-notes.txt', 'lock.sock', 'pg'])
})
