import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { startSampleApp } from '../src/demo/sample-app/sample-app.ts'
import { startScriptedClaude } from 'scripted-claude/scripted-claude'
import { legalName } from '../src/runner/tools/tool-names.ts'
import { admin, ADMIN_KEY, PERSONA, SERVICE_KEY } from './helpers/app.ts'
import { startServer, storeEnv } from './helpers/server-process.ts'
import { addAccount, worldEnv } from './helpers/world.ts'

const keys = { SERVICE_KEY, ADMIN_KEY, TICK_SCHEDULE: '0 0 1 1 *' }

t.test('a wrong environment stops the boot with one message that names every wrong variable', async t => {
  const server = startServer(t, {
    PORT: 'abc',
    LOG_LEVEL: 'loud',
    SERVICE_KEY: 'short',
    TICK_SCHEDULE: '* * *',
    DATABASE_URL: 'mysql://u:secret@h/d'
  })
  t.equal((await server.ended).code, 78)
  for (const name of ['PORT', 'LOG_LEVEL', 'SERVICE_KEY', 'TICK_SCHEDULE', 'DATABASE_URL']) {
    t.match(server.output(), new RegExp(`- ${name} must be`))
  }
  t.notMatch(server.output(), /secret|short/)
  t.notMatch(server.output(), /at .*\.ts:/, 'no stack for what an operator can mend')
})

t.test('an address that cannot be listened on stops the start with one message', async t => {
  const first = startServer(t, { ...await storeEnv(t) })
  const { port } = new URL(await first.listening)
  for (
    const [env, message] of [
      [{ PORT: port }, /cannot listen on 127\.0\.0\.1:\d+: another process listens there.*PORT/],
      [{ HOST: '192.0.2.1' }, /no such address.*HOST/]
    ] as const
  ) {
    const second = startServer(t, { ...await storeEnv(t), ...env })
    t.equal((await second.ended).code, 78)
    t.match(second.output(), message)
    t.notMatch(second.output(), /at .*\.ts:/)
  }
})

t.test('a process without keys serves health, and says in one line what is missing', async t => {
  const server = startServer(t, await storeEnv(t))
  const address = await server.listening
  t.equal((await fetch(`${address}/health`)).status, 200)
  t.equal((await fetch(`${address}/diag/login?email=a@b.test`)).status, 200)
  t.equal(
    server.output().split(
      'The runner is off, because SERVICE_KEY and ANTHROPIC_API_KEY are not set'
    ).length,
    2
  )
  server.signal('SIGINT')
  t.match(await server.ended, { code: 0, signal: null })
})

t.test('SIGTERM in the middle of a day: exit 0 in time, nothing left open, and the next process goes on', async t => {
  const sampleApp = await startSampleApp()
  // The first day never gets its second reply before the stop.
  let slow = true
  const claude = await startScriptedClaude({
    script: (_request, { index }) =>
      [
        { toolCalls: [{ name: legalName('todo.create'), input: { title: 'vor dem Halt' } }] },
        { text: 'Fertig.', delayMs: slow ? 60_000 : 0 },
        { text: '{"ratings":[{"module":"todo","notes":"#1 ging","rating":4}]}' }
      ][index] ?? { text: 'nichts' }
  })
  t.teardown(async () => {
    await claude.close()
    await sampleApp.close()
  })
  const env = { ...keys, ...worldEnv(sampleApp, claude), ...await storeEnv(t) }
  addAccount(sampleApp, PERSONA.email)

  const first = startServer(t, env)
  const address = await first.listening
  const json = { ...admin, 'content-type': 'application/json' }
  const persona = await (await fetch(`${address}/api/v1/admin/personas`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify(PERSONA)
  })).json() as { id: string }
  const started = await fetch(`${address}/api/v1/admin/personas/${persona.id}/run`, {
    method: 'POST',
    headers: admin
  })
  t.equal(started.status, 202)
  const { tickId } = await started.json() as { tickId: string }
  const runAt = async (base: string) =>
    (await (await fetch(`${base}/api/v1/admin/runs/${tickId}`, { headers: admin })).json()) as any
  while ((await runAt(address)).transcript.length < 3) await sleep(50)
  const second = await fetch(`${address}/api/v1/admin/personas/${persona.id}/run`, {
    method: 'POST',
    headers: admin
  })
  t.equal(second.status, 409, 'one open run per persona')

  first.signal('SIGTERM')
  const end = await first.ended
  t.match(end, { code: 0, signal: null }, 'it did not wait for the reply of a minute')

  slow = false
  const next = startServer(t, env)
  const nextAddress = await next.listening
  let state = await runAt(nextAddress)
  while (state.run.finishedAt === null) {
    await sleep(50)
    state = await runAt(nextAddress)
  }
  t.match(state.run, { state: 'completed', daySummary: 'Fertig.', attempt: 2 })
  t.match(state.actions, [{ toolName: 'todo.create', result: 'ok' }])
  t.equal(
    sampleApp.effects(PERSONA.email)['todo.create'],
    1,
    'what was done before the stop is not done again'
  )
  t.match(state.feedback, [{ module: 'todo', rating: 4 }])
  next.signal('SIGTERM')
  t.match(await next.ended, { code: 0 })
  t.notMatch(
    first.output() + next.output(),
    /vor dem Halt|Du bist Mara|stand-in"|service-key|admin-key/,
    'no prompt, tool input or secret in a log'
  )
})

t.test('a second signal ends the process at once', async t => {
  const sampleApp = await startSampleApp()
  const claude = await startScriptedClaude({ script: () => ({ text: 'zu spät', delayMs: 60_000 }) })
  t.teardown(async () => {
    await claude.close()
    await sampleApp.close()
  })
  addAccount(sampleApp, PERSONA.email)
  const server = startServer(t, { ...keys, ...worldEnv(sampleApp, claude), ...await storeEnv(t) })
  const address = await server.listening
  const persona = await (await fetch(`${address}/api/v1/admin/personas`, {
    method: 'POST',
    headers: { ...admin, 'content-type': 'application/json' },
    body: JSON.stringify(PERSONA)
  })).json() as { id: string }
  await fetch(`${address}/api/v1/admin/personas/${persona.id}/run`, {
    method: 'POST',
    headers: admin
  })
  while (claude.requests.length === 0) await sleep(50)
  server.signal('SIGTERM')
  while (!server.output().includes('stopping')) await sleep(20)
  server.signal('SIGTERM')
  // Whoever waits for the run to reach its next step ends with 0.
  t.not((await server.ended).code, 0)
})

t.test('a start says where the pages are, and in which variable the key is that opens them', async t => {
  const server = startServer(t, { ...await storeEnv(t), ADMIN_KEY: 'hush-hush-hush' })
  const address = await server.listening
  server.signal('SIGTERM')
  await server.ended
  t.match(server.output(), `the pages are at ${address}/ (sign in with the key in ADMIN_KEY)`)
  t.notMatch(server.output(), 'hush')
})
