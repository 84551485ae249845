import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { startScriptedClaude } from 'scripted-claude/scripted-claude'
import { closedPort } from '../helpers/closed-port.ts'
import { curiousPlayer } from '../helpers/curious-player.ts'
import { suiteEnv } from '../helpers/server-process.ts'

/**
 * The README's "Use it with your app", word for word, in a folder of its own, with server-memory as
 * the app.
 */

const ROOT = join(import.meta.dirname, '../..')
const section =
  /^## Use it with your app\n([^]*?)\n## /m.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))
    ?.[1] ?? ''
const [story = '', bridge = ''] = [...section.matchAll(/^```sh\n([^]*?)\n```/gm)].map((
  [, block = '']
) => block)
const commands = story.split('\n').map(line => line.replace(/\s+#.*$/, ''))

const home = mkdtempSync(join(tmpdir(), 'persona-runner-newcomer-'))
for (const name of ['src', 'migrations', 'node_modules']) {
  symlinkSync(join(ROOT, name), join(home, name))
}
for (const name of ['package.json', '.env.example']) {
  copyFileSync(join(ROOT, name), join(home, name))
}

interface Started {
  child: ChildProcess
  output(): string
  ended: Promise<unknown>
}

/** With nothing of this process's environment but where programs are. */
function start (command: string): Started {
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: home,
    npm_config_update_notifier: 'false',
    ...suiteEnv()
  }
  const child = spawn('sh', ['-c', command], {
    cwd: home,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  return { child, output: () => output, ended: once(child, 'close') }
}

const running: Started[] = []
t.teardown(async () => {
  for (const { child, ended } of running) {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    await ended
  }
  rmSync(home, { recursive: true, force: true })
})

async function run (command: string): Promise<{ code: number | null, output: string }> {
  const started = start(command)
  await started.ended
  return { code: started.child.exitCode, output: started.output() }
}

async function said (started: Started, words: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = words.exec(started.output())
    if (found !== null) return found
    if (started.child.exitCode !== null) throw new Error(`it ended: ${started.output()}`)
    await wait(50)
  }
}

t.test('a newcomer comes from the README to ratings', async t => {
  t.strictSame(commands, [
    'cp .env.example .env',
    'npm run doctor',
    'npm run seed:personas',
    'npm start'
  ])
  const [copy = '', doctor = '', seed = '', begin = ''] = commands
  t.match(await run(copy), { code: 0 })

  const unset = await run(doctor)
  t.equal(unset.code, 1)
  for (const name of ['SERVICE_KEY', 'ADMIN_KEY', 'ANTHROPIC_API_KEY']) {
    t.match(unset.output, new RegExp(`✗ configuration +${name} is not set`))
  }

  const port = await closedPort()
  const app = start(bridge.replace('3071', String(port)))
  running.push(app)
  await said(app, /server|listening|port/i)
  const claude = await startScriptedClaude({
    script: curiousPlayer([
      {
        tool: 'create_entities',
        input: { entities: [{ name: 'Tea', entityType: 'drink', observations: ['hot'] }] }
      },
      { tool: 'read_graph', input: {} }
    ], true)
  })
  t.teardown(() => claude.close())
  const settings = {
    SERVICE_KEY: 'aaaa-service-key',
    ADMIN_KEY: 'bbbb-admin-key',
    ANTHROPIC_API_KEY: 'cccc-stand-in',
    ANTHROPIC_BASE_URL: claude.url,
    MCP_URL: `http://127.0.0.1:${port}/mcp`,
    PORT: '0'
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  const file = readFileSync(join(home, '.env'), 'utf8').split('\n')
  const others = file.filter(line =>
    !Object.keys(settings).some(name => line.startsWith(`${name}=`))
  )
  writeFileSync(join(home, '.env'), [...others, ...lines].join('\n'))

  const set = await run(doctor)
  t.equal(set.code, 0, set.output)
  t.match(set.output, /✓ app .*memory/)
  t.match(set.output, /no personas: npm run seed:personas/)
  t.match(await run(seed), { code: 0, output: /10 personas are in the store/ })

  const server = start(begin)
  running.push(server)
  const [, address = ''] = await said(
    server,
    /the pages are at (http:\S+?)\/ \(sign in with the key in ADMIN_KEY\)/
  )
  const tick = await (await fetch(`${address}/diag/tick`, { method: 'POST' })).json() as {
    due: number
    ranSuccessfully: number
  }
  // Four of the ten live on weekdays only.
  t.ok(tick.due >= 6 && tick.ranSuccessfully === tick.due, JSON.stringify(tick))
  const headers = { authorization: `Bearer ${settings.ADMIN_KEY}` }
  const answer = await fetch(`${address}/api/v1/admin/insights/modules`, { headers })
  t.equal(answer.status, 200)
  t.match(await answer.text(), /"n":\s*[1-9]/)
})
