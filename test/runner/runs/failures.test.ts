import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { sequence } from '../../helpers/scripts.ts'
import { admin, service } from '../../helpers/app.ts'
import { startWorld } from '../../helpers/world.ts'

async function closedPort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

t.test('a persona whose sign-in is refused fails alone, with a code, and backs off', async t => {
  const world = await startWorld(t)
  const good = await world.persona({ email: 'good@personas.test' })
  const bad = await world.persona({ email: 'bad@personas.test' })
  world.sampleApp.addAccount({
    email: bad.email,
    password: 'another password',
    name: 'Bad',
    locale: 'de'
  })

  const result = await world.tick()
  t.match(result, {
    due: 2,
    ranSuccessfully: 1,
    failed: [{ persona: bad.email, error: /^LOGIN_FAILED: .*bad@personas.test is refused/ }]
  })
  t.equal((await world.runOf(good.id)).run.state, 'completed')
  t.match((await world.runOf(bad.id)).run, {
    state: 'failed',
    errorCode: 'LOGIN_FAILED',
    endReason: null
  })

  const { persona } =
    (await world.app.inject({ url: `/api/v1/admin/personas/${bad.id}`, headers: admin })).json()
  t.equal(persona.consecutiveFailures, 1)
  const waitMs = new Date(persona.notBefore).getTime() - Date.now()
  t.ok(waitMs > 3 * 60_000 && waitMs <= 5 * 60_000, 'five minutes less up to a quarter')
  const due = (await world.app.inject({ url: '/api/v1/internal/personas/due', headers: service }))
    .json()
  t.strictSame(due.personas, [], 'it does not spin')

  await world.app.inject({
    method: 'POST',
    url: `/api/v1/admin/personas/${bad.id}/resume`,
    headers: admin
  })
  t.equal(
    (await world.app.inject({ url: '/api/v1/internal/personas/due', headers: service })).json()
      .personas.length,
    1,
    'an operator who mended it need not wait'
  )
})

t.test('an app, a sign-in service and a model that are not there are waited for, and told apart', async t => {
  const nowhere = `http://127.0.0.1:${await closedPort()}`
  for (
    const [variable, value, code] of [
      ['MCP_URL', `${nowhere}/mcp`, 'MCP_UNREACHABLE'],
      ['AUTH_URL', nowhere, 'AUTH_UNREACHABLE'],
      ['ANTHROPIC_BASE_URL', nowhere, 'MODEL_UNREACHABLE']
    ] as const
  ) {
    const world = await startWorld(t, { env: { [variable]: value } })
    const { id } = await world.persona()
    t.match((await world.tick()).failed, [{ error: /^DEFERRED until / }])
    t.match((await world.runOf(id)).run, {
      state: 'acting',
      errorCode: null,
      deferredFor: new RegExp(`^${code}: .*${variable}`)
    })
  }
})

t.test('what was recorded before a failure is kept', async t => {
  const world = await startWorld(t, {
    script: sequence([
      { toolCalls: [{ name: 'todo_list_8ea0c4d9', input: {} }, { name: 'nonsense', input: {} }] },
      { error: { status: 400, type: 'invalid_request_error', message: 'no more' } }
    ])
  })
  const { id } = await world.persona()
  const result = await world.tick()
  t.match(result.failed, [{ error: /^MODEL_REFUSED_REQUEST/ }])
  const { run, transcript, actions } = await world.runOf(id)
  t.match(run, { state: 'failed', turns: 1 })
  t.strictSame(transcript.map((m: { role: string }) => m.role), ['user', 'assistant', 'user'])
  t.equal(actions.length, 2)
  t.match(actions[1], { toolName: 'nonsense', result: 'rejected', latencyMs: null })
})

t.test('a persona that does nothing completes, is not asked to rate, and is not due again at once', async t => {
  const world = await startWorld(t, { script: sequence([{ text: 'Heute lieber nicht.' }]) })
  const { id } = await world.persona()
  t.match(await world.tick(), { due: 1, ranSuccessfully: 1 })
  const { run, actions, feedback, transcript } = await world.runOf(id)
  t.match(run, { state: 'completed', daySummary: 'Heute lieber nicht.', turns: 1 })
  t.strictSame([actions, feedback], [[], []])
  t.equal(transcript.length, 2)
  t.match(await world.tick(), { due: 0 })
})

t.test('an answer that cannot be read becomes one __parse row without a number, with the raw text', async t => {
  const world = await startWorld(t, {
    script: (request, { index }) =>
      index === 0
        ? {
          toolCalls: [{
            name: request.tools?.find(tool => tool.name.startsWith('todo_list'))?.name ?? '',
            input: {}
          }]
        }
        : { text: index === 1 ? 'Schluss für heute.' : 'Alles super, fünf Sterne!' }
  })
  const { id } = await world.persona()
  t.match(await world.tick(), { ranSuccessfully: 1 })
  const { run, feedback } = await world.runOf(id)
  t.equal(run.state, 'completed')
  t.match(feedback, [{ module: '__parse', rating: null, rawText: 'Alles super, fünf Sterne!' }])
  t.equal(feedback.length, 1)
  const { modules } =
    (await world.app.inject({ url: `/api/v1/admin/personas/${id}`, headers: admin })).json()
  t.strictSame(modules, [], 'it counts in no summary')
})

t.test('a persona that never stops is stopped at MAX_TURNS, and still rates', async t => {
  const world = await startWorld(t, {
    env: { MAX_TURNS: '3' },
    script: request => {
      const text = JSON.stringify(request.messages.at(-1))
      if (/costliestModule/.test(text)) {
        return {
          text:
            '{"ratings":[{"module":"todo","notes":"immer nur #1","rating":3,"evidence":[{"action":1}]}],"costliestModule":"todo"}'
        }
      }
      return {
        toolCalls: [{
          name: request.tools?.find(tool => tool.name.startsWith('todo_list'))?.name ?? '',
          input: {}
        }]
      }
    }
  })
  const { id } = await world.persona()
  await world.tick()
  const { run, actions, feedback } = await world.runOf(id)
  t.match(run, { state: 'incomplete', endReason: 'max_turns', turns: 3, costliestModule: 'todo' })
  t.equal(actions.length, 3)
  t.match(feedback, [{ module: 'todo', rating: 3, evidence: [{ action: 1, quote: null }] }])
})

t.test('a run that takes too long ends incomplete', async t => {
  const world = await startWorld(t, {
    env: { RUN_TIMEOUT_MS: '1000' },
    script: () => ({ delayMs: 10_000, text: 'zu spät' })
  })
  const { id } = await world.persona()
  await world.tick()
  t.match((await world.runOf(id)).run, { state: 'incomplete', endReason: 'timeout' })
})
