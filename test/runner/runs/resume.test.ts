import t from 'tap'
import { executeRun, type RunDependencies } from '../../../src/runner/runs/execute-run.ts'
import type { Account } from '../../../src/runner/accounts/account.ts'
import { openMcpToolbox } from '../../../src/runner/mcp/toolbox.ts'
import type { Toolbox } from '../../../src/runner/tools/toolbox.ts'
import { listRunActions } from '../../../src/runner/actions/repository.ts'
import { legalName } from '../../../src/runner/tools/tool-names.ts'
import { holdRun, openRuns, takeRun } from '../../../src/runner/runs/repository.ts'
import { listTranscript } from '../../../src/runner/runs/messages.ts'
import type { Script } from 'scripted-claude/scripted-claude'
import { RUN_LIMITS } from '../../helpers/limits.ts'
import { startWorld, type World } from '../../helpers/world.ts'

const CREATE = legalName('todo.create')
const LIST = legalName('todo.list')

/** Two calls in one message, then the end, then the rating. */
const twoCalls: Script = (_request, { index }) =>
  [
    { toolCalls: [{ name: CREATE, input: { title: 'einmal' } }, { name: LIST, input: {} }] },
    { text: 'Das war es.' },
    {
      text:
        '{"ratings":[{"module":"todo","notes":"#1 ohne Antwort","evidence":[{"action":1}],"rating":2}]}'
    }
  ][index] ?? { text: 'mehr nicht' }

async function openRun (world: World) {
  const { db } = world.app.database
  const { id } = await world.persona()
  const [opened] = await openRuns(db, [{ id, version: 1 }], null)
  if (opened === undefined) throw new Error('no run')
  return opened.runId
}

async function taken (world: World, runId: string) {
  const run = await takeRun(world.app.database.db, runId)
  if (run === undefined) throw new Error('not taken')
  return run
}

function dependencies (world: World, openToolbox = world.app.agent.openToolbox): RunDependencies {
  const { app } = world
  return { ...app.agent, db: app.database.db, openToolbox, limits: RUN_LIMITS }
}

/**
 * The real app, but the answer to one tool comes only when the test says so: a worker that hangs in
 * the middle of a call.
 */
function hanging (world: World, toolName: string) {
  let letGo = () => {}
  const reached = Promise.withResolvers<void>()
  const openToolbox = async (account: Account, signal: AbortSignal): Promise<Toolbox> => {
    const toolbox = await openMcpToolbox({
      ...account,
      url: world.sampleApp.mcpUrl,
      callTimeoutMs: 5000,
      trusted: false
    }, signal)
    return {
      ...toolbox,
      async call (name, input, options) {
        const outcome = await toolbox.call(name, input, options)
        if (name === toolName) {
          reached.resolve()
          await new Promise<void>(resolve => {
            letGo = resolve
          })
        }
        return outcome
      }
    }
  }
  return { openToolbox, reached: reached.promise, letGo: () => letGo() }
}

t.test('a run taken over in the middle of a call goes on from its journal, and the worker that hung writes nothing more', async t => {
  const world = await startWorld(t, { script: twoCalls })
  const { db } = world.app.database
  const runId = await openRun(world)
  const never = new AbortController().signal

  const hang = hanging(world, 'todo.create')
  const zombie = executeRun(dependencies(world, hang.openToolbox), await taken(world, runId), never)
  await hang.reached
  t.match(await listRunActions(db, runId), [{
    ordinal: 0,
    result: 'started',
    tool_name: 'todo.create'
  }], 'the call is journaled before it goes out')

  const outcome = await executeRun(dependencies(world), await taken(world, runId), never)
  t.match(outcome, { kind: 'final', end: { state: 'completed' } })
  const actions = await listRunActions(db, runId)
  t.match(actions, [
    { ordinal: 0, tool_name: 'todo.create', result: 'unknown', error_message: /interrupted/ },
    { ordinal: 1, tool_name: 'todo.list', result: 'ok' }
  ])
  const messagesBefore = await listTranscript(db, runId)
  t.strictSame(messagesBefore.map(m => m.role), [
    'user',
    'assistant',
    'user',
    'assistant',
    'user',
    'assistant'
  ], 'one conversation, nothing twice')
  t.match(
    JSON.stringify(messagesBefore[2]?.content),
    /Ob die Aktion ausgeführt wurde, ist unbekannt/,
    'the model is told that the outcome is unknown'
  )

  hang.letGo()
  t.strictSame(await zombie, { kind: 'lost' })
  t.strictSame(await listRunActions(db, runId), actions)
  t.strictSame(await listTranscript(db, runId), messagesBefore)
  t.equal(
    world.sampleApp.effects('mara@personas.test')['todo.create'],
    1,
    'the effect was not repeated'
  )
  t.strictSame(world.claude.refusals, [])
})

t.test('a tool that is declared repeatable is called again when the app is trusted', async t => {
  const world = await startWorld(t, {
    script: (r, c) => c.index === 0 ? { toolCalls: [{ name: LIST, input: {} }] } : twoCalls(r, c),
    env: { MCP_TRUSTED: 'true' }
  })
  const runId = await openRun(world)
  const never = new AbortController().signal
  const hang = hanging(world, 'todo.list')
  const zombie = executeRun(dependencies(world, hang.openToolbox), await taken(world, runId), never)
  await hang.reached
  await executeRun(dependencies(world), await taken(world, runId), never)
  t.match(await listRunActions(world.app.database.db, runId), [{
    tool_name: 'todo.list',
    result: 'ok'
  }])
  hang.letGo()
  await zombie
})

t.test('a polite stop hands the run back between two steps, with no call left open', async t => {
  const world = await startWorld(t, { script: twoCalls })
  const { db } = world.app.database
  const runId = await openRun(world)
  const stop = new AbortController()
  const hang = hanging(world, 'todo.create')
  const running = executeRun(
    dependencies(world, hang.openToolbox),
    await taken(world, runId),
    stop.signal
  )
  await hang.reached
  stop.abort()
  hang.letGo()
  t.strictSame(await running, { kind: 'released' })
  t.match(await listRunActions(db, runId), [{ ordinal: 0, result: 'ok' }])

  const outcome = await executeRun(
    dependencies(world),
    await taken(world, runId),
    new AbortController().signal
  )
  t.match(outcome, { kind: 'final', end: { state: 'completed' } })
  t.match(await listRunActions(db, runId), [{ ordinal: 0, result: 'ok' }, {
    ordinal: 1,
    result: 'ok'
  }])
  t.equal(
    world.sampleApp.effects('mara@personas.test')['todo.create'],
    1,
    'what was done before the stop is not done again'
  )
})

t.test('a run that is final cannot be taken, and a write with an older attempt changes nothing', async t => {
  const world = await startWorld(t, { script: twoCalls })
  const { db } = world.app.database
  const runId = await openRun(world)
  const first = await taken(world, runId)
  const second = await taken(world, runId)
  t.equal(second.lease.attempt, first.lease.attempt + 1)
  await t.rejects(db.transaction().execute(trx => holdRun(trx, first.lease)), { code: 'RUN_LOST' })
  await executeRun(dependencies(world), second, new AbortController().signal)
  t.equal(await takeRun(db, runId), undefined)
})
