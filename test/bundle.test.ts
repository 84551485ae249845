import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, parse } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundle } from '../build/bundle.ts'
import { warm } from '../build/warm.ts'
import { legalName } from '../src/runner/tools/tool-names.ts'
import { startSampleApp } from '../src/demo/sample-app/sample-app.ts'
import { startScriptedClaude } from 'scripted-claude/scripted-claude'
import { admin, ADMIN_KEY, PERSONA, SERVICE_KEY } from './helpers/app.ts'
import { migratedImage, onServer } from './helpers/database.ts'
import { startServer, storeEnv } from './helpers/server-process.ts'
import { addAccount, worldEnv } from './helpers/world.ts'

/** What `npm run build` makes is the same program. */

const ROOT = join(import.meta.dirname, '..')
/** Below the root, where its packages are found. */
const DIST = join(import.meta.dirname, `.cache/dist-${process.pid}`)
const entry = join(DIST, 'src/server.js')

t.before(() => bundle(DIST))
t.teardown(() => rmSync(DIST, { recursive: true, force: true }))

t.test('the bundle serves pages, document and assets, lets a persona live its day, and stops politely', async t => {
  const sampleApp = await startSampleApp()
  const claude = await startScriptedClaude({
    script: (_request, { index }) =>
      [
        { toolCalls: [{ name: legalName('todo.create'), input: { title: 'from the bundle' } }] },
        { text: 'Done.' },
        { text: '{"ratings":[{"module":"todo","notes":"#1 worked","rating":4}]}' }
      ][index] ?? { text: 'nothing' }
  })
  t.teardown(async () => {
    await claude.close()
    await sampleApp.close()
  })
  addAccount(sampleApp, PERSONA.email)
  const env = await storeEnv(t)
  // A server is empty, and the bundle brings it up to date; making an embedded storage would take
  // seconds.
  if (env.DATA_DIR !== undefined) await unpack(join(env.DATA_DIR, 'pg'))
  const server = startServer(t, {
    ...env,
    ...worldEnv(sampleApp, claude),
    SERVICE_KEY,
    ADMIN_KEY,
    TICK_SCHEDULE: '0 0 1 1 *'
  }, { entry })
  const address = await server.listening
  const text = async (path: string) => {
    const response = await fetch(`${address}${path}`, { headers: admin })
    if (response.status !== 200) t.fail(`${path}: ${response.status}`)
    return response.text()
  }
  const ready = JSON.parse(await text('/ready')) as unknown
  t.match(ready, { ok: true, database: 'ok', migrations: 'ok', queue: 'ok' })
  const page = await text('/sign-in')
  const style = /href="(\/assets\/app\.css[^"]*)"/.exec(page)?.[1]
  t.equal(
    await text(style ?? 'no style'),
    readFileSync(join(ROOT, 'src/web/dashboard/assets/app.css'), 'utf8')
  )
  const { info, paths } = JSON.parse(await text('/docs/json')) as {
    info: { version: string }
    paths: object
  }
  t.equal(info.version, JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version)
  t.ok(Object.keys(paths).length > 20)
  await text('/docs/static/index.html')

  // What only a day needs is loaded with the first one.
  const post = async (path: string, body: object) => {
    const headers = { ...admin, 'content-type': 'application/json' }
    return (await fetch(`${address}/api/v1/admin/personas${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body)
    })).json()
  }
  const { id } = await post('', PERSONA) as { id: string }
  const { tickId } = await post(`/${id}/run`, {}) as { tickId: string }
  const look = async () =>
    JSON.parse(await text(`/api/v1/admin/runs/${tickId}`)) as {
      run: { finishedAt: string | null, deferredFor: string | null }
    }
  let day = await look()
  while (day.run.finishedAt === null && day.run.deferredFor === null) {
    await sleep(20)
    day = await look()
  }
  t.match(day, {
    run: { state: 'completed', deferredFor: null },
    feedback: [{ module: 'todo', rating: 4 }]
  })
  server.signal('SIGTERM')
  t.match(await server.ended, { code: 0, signal: null })
})

t.test('the bundle has every migration under its name', async t => {
  const names = (folder: string, ending: string) =>
    readdirSync(join(folder, 'migrations')).filter(file => parse(file).ext === ending).map(file =>
      parse(file).name
    )
  t.same(names(DIST, '.js'), names(ROOT, '.ts'))
  for (const name of names(DIST, '.js')) {
    const { up } = await import(pathToFileURL(join(DIST, 'migrations', `${name}.js`)).href) as {
      up: unknown
    }
    t.type(up, 'function', name)
  }
})

t.test('the bundle has the doctor, which says what the source says', async t => {
  const env = {
    PATH: process.env.PATH,
    DATA_DIR: join(t.testdir(), 'new'),
    PORT: 'abc',
    MAX_TURNS: '0'
  }
  const [bundled, source] = [join(DIST, 'src/cli/doctor.js'), join(ROOT, 'src/cli/doctor.ts')]
    .map(file => spawnSync(process.execPath, [file], { env, cwd: t.testdirName, encoding: 'utf8' }))
  t.match(bundled, { status: 1, stderr: '', stdout: /✗ configuration {2}PORT must be/ })
  t.equal(bundled?.stdout, source?.stdout)
})

t.test('the bundle refuses what is not fit for production, as the source does', async t => {
  const env = { NODE_ENV: 'production', SERVICE_KEY: 'changeme', PORT: 'abc' }
  const [bundled, source] = [startServer(t, env, { entry }), startServer(t, env)]
  t.equal((await bundled.ended).code, 78)
  await source.ended
  t.equal(bundled.output(), source.output())
  t.match(bundled.output(), /SERVICE_KEY/)
})

t.test('a build brings compiled code and a data folder, so that its first start makes neither', {
  skip: onServer ? 'for the embedded storage' : false
}, async t => {
  await warm(DIST)
  const cached = (of: string) => join(DIST, 'node_modules/.cache', of)
  t.ok(readdirSync(cached('persona-runner'), { recursive: true }).length > 100)
  const [version = '', ...others] = readdirSync(cached('persona-runner-data'))
  t.same(others, [])
  const env = { DATA_DIR: t.testdir(), SERVICE_KEY, ADMIN_KEY }
  const server = startServer(t, env, { entry })
  await server.listening
  // Every storage that is initialised is given another one.
  const systemIdentifier = (folder: string) =>
    readFileSync(join(folder, 'global/pg_control')).readBigUInt64LE()
  t.equal(
    systemIdentifier(join(env.DATA_DIR, 'pg')),
    systemIdentifier(join(cached('persona-runner-data'), version))
  )
  server.signal('SIGTERM')
  t.match(await server.ended, { code: 0 })
})

async function unpack (folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-x', '-C', folder], { input: await migratedImage() })
}
