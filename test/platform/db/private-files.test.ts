import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { pristineFolder } from '../../../src/platform/db/pristine-folder.ts'
import { makePrivate } from '../../../src/platform/db/private-files.ts'
import { onServer } from '../../helpers/database.ts'
import { startServer } from '../../helpers/server-process.ts'

/** What the embedded storage writes, seen as another user of the machine. */

const root = mkdtempSync(join(tmpdir(), 'persona-runner-private-'))
t.teardown(() => rmSync(root, { recursive: true, force: true }))

/** Everything below that somebody else has a right to. */
function openBelow (folder: string): string[] {
  const within = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name =>
    join(folder, name)
  )
  return [folder, ...within].filter(path =>
    (lstatSync(path).mode & 0o077) !== 0 && !path.endsWith('.sock')
  )
}

const WRITER = `
  import { openDatabase } from ${
  JSON.stringify(new URL('../../../src/platform/db/database.ts', import.meta.url).href)
}
  process.umask(Number(process.argv[1]))
  const opened = await openDatabase({ dataDir: process.argv[2], poolSize: 1, onError: console.error })
  await opened.executeSql('CREATE TABLE t AS SELECT n, repeat(md5(n::text), 50) AS x FROM generate_series(1, 5000) n')
  await opened.executeSql('CREATE INDEX ON t (x)')
  await opened.executeSql('CHECKPOINT')
  console.log('written', opened.mended)
  if (process.argv[3] === 'close') await opened.close()
  else setInterval(() => {}, 1000)
`

async function write (folder: string, umask: number, end: 'close' | 'kill'): Promise<string> {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    WRITER,
    String(umask),
    folder,
    end
  ], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', chunk => {
    output += String(chunk)
  })
  const exited = once(child, 'exit')
  if (end === 'kill') {
    while (!output.includes('written')) await once(child.stdout, 'data')
    child.kill('SIGKILL')
  }
  await exited
  return output
}

const skip = onServer ? 'embedded storage only' : process.platform === 'win32'

for (const [umask, end] of [[0o022, 'close'], [0o077, 'kill'], [0, 'kill']] as const) {
  t.test(`with umask ${umask.toString(8)} nobody else reads or writes the data folder (${end})`, {
    skip
  }, async t => {
    const folder = join(root, `data-${umask}-${end}`)
    t.match(await write(folder, umask, end), /written 0/)
    t.same(openBelow(folder), [])
    t.ok(readdirSync(join(folder, 'pg')).length > 10, 'there is a database in it')
  })
}

t.test('a folder that others could read is mended, and says how much', { skip }, async t => {
  const folder = join(root, 'older')
  mkdirSync(join(folder, 'pg', 'base'), { recursive: true })
  writeFileSync(join(folder, 'pg', 'base', 'table'), 'x')
  chmodSync(join(folder, 'pg', 'base', 'table'), 0o666)
  for (const path of [folder, join(folder, 'pg'), join(folder, 'pg', 'base')]) {
    chmodSync(path, 0o755)
  }
  t.equal(makePrivate(folder), 4)
  t.same(openBelow(folder), [])
  t.equal(makePrivate(folder), 0)
})

t.test('a folder of somebody else is refused', {
  skip: skip || (process.getuid?.() === 0 ? false : 'only root can give a folder away')
}, async t => {
  const folder = join(root, 'foreign')
  mkdirSync(folder)
  chownSync(folder, 65534, 65534)
  t.throws(() => makePrivate(folder), {
    code: 'DATA_FOLDER_FOREIGN',
    message: /uid 65534.*DATA_DIR/
  })
})

t.test(
  'the copy for new folders, and what is made from it, are closed to others',
  { skip },
  async t => {
    const [from, place, to] = [join(root, 'from'), join(root, 'place'), join(root, 'to')]
    mkdirSync(from)
    writeFileSync(join(from, 'table'), 'x')
    chmodSync(join(from, 'table'), 0o666)
    pristineFolder(place).keep(from)
    t.same(openBelow(place), [])
    for (const name of readdirSync(place)) chmodSync(join(place, name, 'table'), 0o666)
    t.ok(pristineFolder(place).copyTo(to))
    t.same(openBelow(to), [])
  }
)

t.test('a folder that cannot be made is told in one message, and no stack', { skip }, async t => {
  const file = join(root, 'a-file')
  writeFileSync(file, 'x')
  for (const folder of [join(file, 'data'), file, `/tmp/${'x'.repeat(300)}`]) {
    const server = startServer(t, { DATA_DIR: folder })
    t.equal((await server.ended).code, 1)
    t.match(server.output(), /The data folder .* cannot be used: .*DATA_DIR/, folder.slice(0, 40))
    t.notMatch(server.output(), /at .*\.ts:/)
  }
})
