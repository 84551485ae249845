import pg from 'pg'
import t from 'tap'
import { APP_TOOLS } from '../../bench/stand-ins/app-tools.ts'
import { dayScript } from '../../bench/stand-ins/day-script.ts'
import { createMcpServer } from '../../bench/stand-ins/mcp-server.ts'
import { createClaude } from '../../src/runner/models/anthropic/claude.ts'
import { openMcpToolbox } from '../../src/runner/mcp/toolbox.ts'
import { OPEN_POLICY } from '../../src/runner/tools/tool-policy.ts'
import { noAccounts } from '../../src/runner/accounts/account.ts'
import { startScriptedClaude } from 'scripted-claude/scripted-claude'
import { upsertPersona } from '../../src/personas/repository.ts'
import { executeRun } from '../../src/runner/runs/execute-run.ts'
import { openRuns, takeRun } from '../../src/runner/runs/repository.ts'
import { PERSONA } from '../helpers/app.ts'
import { openTestDatabase } from '../helpers/database.ts'
import { RUN_LIMITS } from '../helpers/limits.ts'

/**
 * What must not creep, counted on one run of six calls with an app of 30 tools. Nothing here is
 * timed.
 */

t.test('a run asks model, app and database as often as it has to', async t => {
  const { db } = await openTestDatabase(t)
  const asked: string[] = []
  const mcp = createMcpServer(method => {
    asked.push(method)
  })
  await new Promise<void>(resolve => {
    mcp.listen(0, '127.0.0.1', resolve)
  })
  const claude = await startScriptedClaude({
    script: ({ tools = [] }, { index }) => dayScript({ tools, replies: index })
  })
  t.teardown(async () => {
    await claude.close()
    mcp.close()
    mcp.closeAllConnections()
  })
  const address = mcp.address()
  const url = `http://127.0.0.1:${
    typeof address === 'object' && address !== null ? address.port : 0
  }/mcp`
  const model = createClaude({ apiKey: 'stand-in', baseUrl: claude.url, model: 'claude-sonnet-5' })

  const { query } = pg.Client.prototype
  let statements = 0
  t.teardown(() => {
    pg.Client.prototype.query = query
  })
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    statements++
    return (query as (...args: unknown[]) => unknown).apply(this, args)
  } as typeof query

  async function live (email: string) {
    const { persona } = await upsertPersona(db, {
      ...PERSONA,
      email,
      systemPrompt: `${PERSONA.systemPrompt} ${email}`,
      moduleMix: {}
    })
    const [opened] = await openRuns(db, [persona], null)
    const taken = await takeRun(db, opened?.runId ?? '')
    if (taken === undefined) throw new Error('not taken')
    const before = { statements, requests: claude.requests.length }
    asked.length = 0
    const outcome = await executeRun(
      {
        db,
        model,
        accounts: noAccounts,
        openToolbox: (account, signal) =>
          openMcpToolbox({ ...account, url, callTimeoutMs: 10_000, trusted: false }, signal),
        limits: RUN_LIMITS,
        toolPolicy: { ...OPEN_POLICY, changes: 'warn' }
      },
      taken,
      new AbortController().signal
    )
    t.match(outcome, { kind: 'final', end: { state: 'completed' } })
    const requests = claude.requests.slice(before.requests)
    const run = await db.selectFrom('runs').select(['cache_write_tokens', 'cache_read_tokens'])
      .where('id', '=', taken.run.id).executeTakeFirstOrThrow()
    return { statements: statements - before.statements - 1, requests, asked: [...asked], run }
  }

  const first = await live('mara@personas.test')
  const second = await live('theo@personas.test')
  for (const [at, { requests, asked, statements }] of [first, second].entries()) {
    t.equal(requests.length, 8, 'six turns with a call, the closing sentence and the rating')
    t.same(asked.filter(method => method !== 'server/discover'), [
      'initialize',
      'notifications/initialized',
      'tools/list',
      ...Array(6).fill('tools/call')
    ], 'one session and one list for each identity')
    // The first run of an app stores the modules of its tools.
    t.ok(statements <= 21 + (at === 0 ? 1 : 0), `${statements} statements, of which two a turn`)
    const bytes = requests.reduce((sum, request) => sum + JSON.stringify(request).length, 0)
    t.ok(bytes < 220_000, `${bytes} bytes to the model`)
  }
  t.same(
    [first, second].map(({ asked }) => asked.includes('server/discover')),
    [true, false],
    'the era of an app is asked for once'
  )
  const tools = JSON.stringify(APP_TOOLS).length / 4
  t.ok(
    Number(first.run.cache_write_tokens) > tools * 0.9,
    'the first run of an app writes its tools to the cache'
  )
  t.ok(
    Number(second.run.cache_write_tokens) < tools * 0.9,
    'and the next, by another persona, does not'
  )
  t.same(claude.refusals, [])
})
