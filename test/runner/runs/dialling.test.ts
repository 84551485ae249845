import t from 'tap'
import { openMcpToolbox } from '../../../src/runner/mcp/toolbox.ts'
import { createDialler } from '../../../src/platform/dial/dialler.ts'
import { toPrivateHosts } from '../../../src/platform/dial/private-hosts.ts'
import { executeRun } from '../../../src/runner/runs/execute-run.ts'
import { openRuns, takeRun } from '../../../src/runner/runs/repository.ts'
import { startCountingListener } from '../../helpers/counting-listener.ts'
import { RUN_LIMITS } from '../../helpers/limits.ts'
import { startWorld } from '../../helpers/world.ts'

t.test('an app whose name leads inside ends the run, and nothing is sent', async t => {
  const inside = await startCountingListener(t)
  const world = await startWorld(t)
  const { db } = world.app.database
  const dialler = createDialler(
    { privateHosts: toPrivateHosts([]), internalAllowed: false },
    (_host, answer) => answer(null, [{ address: '127.0.0.1', family: 4 }])
  )
  t.teardown(() => dialler.close())
  const { id } = await world.persona()
  const [opened] = await openRuns(db, [{ id, version: 1 }], null)
  const taken = await takeRun(db, opened?.runId ?? '')
  if (taken === undefined) throw new Error('not taken')
  const url = `http://app.example.com:${inside.port}/mcp`
  const outcome = await executeRun(
    {
      ...world.app.agent,
      db,
      limits: RUN_LIMITS,
      openToolbox: (account, signal) =>
        openMcpToolbox({
          ...account,
          url,
          dial: dialler.dialFor('MCP_URL'),
          callTimeoutMs: 1000,
          trusted: false
        }, signal)
    },
    taken,
    new AbortController().signal
  )
  t.match(outcome, {
    kind: 'final',
    end: {
      state: 'failed',
      errorCode: 'DIAL_FORBIDDEN',
      errorMessage: /^MCP_URL .*PRIVATE_HOSTS=app\.example\.com/
    }
  })
  t.match((await world.runOf(id)).run, {
    state: 'failed',
    errorCode: 'DIAL_FORBIDDEN',
    deferredFor: null
  })
  t.equal(inside.connections, 0)
})

t.test('an app that sends the runner elsewhere ends the run, and the token goes nowhere', async t => {
  const elsewhere = await startCountingListener(t)
  const app = await startCountingListener(t, (_req, res) => {
    res.writeHead(307, { location: `http://localhost:${elsewhere.port}/mcp` }).end()
  })
  for (const [variable, path] of [['MCP_URL', '/mcp'], ['AUTH_URL', '']] as const) {
    const world = await startWorld(t, {
      env: { [variable]: `http://127.0.0.1:${app.port}${path}` }
    })
    const { id } = await world.persona()
    t.match((await world.tick()).failed, [{
      error: new RegExp(`^DIAL_REDIRECTED: .*localhost:${elsewhere.port}.*Set ${variable} `)
    }])
    t.match((await world.runOf(id)).run, {
      state: 'failed',
      errorCode: 'DIAL_REDIRECTED',
      deferredFor: null
    })
  }
  t.equal(elsewhere.connections, 0)
})
