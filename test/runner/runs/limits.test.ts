import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import type { Script, ScriptedReply } from 'scripted-claude/scripted-claude'
import { deletePersona } from '../../../src/personas/repository.ts'
import {
  getRun,
  heldForUnanswered,
  heldRun,
  openRuns,
  takeRun,
  writeHeld,
  type Lease
} from '../../../src/runner/runs/repository.ts'
import { budgetOf, readToday, settled, unanswered } from '../../../src/runner/runs/spending.ts'
import { admin, ADMIN_KEY, SERVICE_KEY } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { startWorld, type World } from '../../helpers/world.ts'

const RATINGS =
  '{"ratings":[{"module":"todo","notes":"immer nur #1","rating":3,"evidence":[{"action":1}]}],"costliestModule":"todo"}'

/** Looks at the list again and again, rates it when asked, and uses so much each time. */
function neverStops (usage: ScriptedReply['usage'] = {}, calls = 1): Script {
  return request => {
    if (/costliestModule/.test(JSON.stringify(request.messages.at(-1)))) {
      return { text: RATINGS, usage }
    }
    const name = request.tools?.find(tool => tool.name.startsWith('todo_list'))?.name ?? ''
    return { toolCalls: Array.from({ length: calls }, () => ({ name, input: {} })), usage }
  }
}

const NOTHING = {
  input_tokens: 0,
  output_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0
}

async function liveWith (world: World, email = 'mara@personas.test') {
  const { id } = await world.persona({ email })
  await world.tick()
  return world.runOf(id)
}

t.test('each limit ends the day incomplete, says which it was and by how much, and leaves room for the ratings', async t => {
  const table: [string, Record<string, string>, Script, object][] = [
    ['tool calls', { MAX_TOOL_CALLS: '3' }, neverStops({}, 2), {
      endReason: 'max_tool_calls',
      endDetail: '3 of 3 tool calls',
      turns: 2
    }],
    [
      'tokens in',
      { MAX_INPUT_TOKENS: '10000' },
      neverStops({
        ...NOTHING,
        input_tokens: 1000,
        cache_creation_input_tokens: 1000,
        cache_read_input_tokens: 50_000
      }),
      { endReason: 'max_input_tokens', endDetail: '6000 of 10000 input tokens', turns: 3 }
    ],
    [
      'tokens out',
      { MAX_OUTPUT_TOKENS: '10000', MAX_REPLY_TOKENS: '4000' },
      neverStops({ ...NOTHING, output_tokens: 2000 }),
      { endReason: 'max_output_tokens', endDetail: '6000 of 10000 output tokens', turns: 3 }
    ],
    // A million tokens in cost 2 dollars.
    [
      'dollars',
      { MAX_RUN_USD: '0.5', MAX_INPUT_TOKENS: '10000000' },
      neverStops({ ...NOTHING, input_tokens: 50_000 }),
      { endReason: 'max_usd', endDetail: '0.3000 of 0.5000 US dollars', turns: 3 }
    ]
  ]
  for (const [what, env, script, run] of table) {
    await t.test(what, async t => {
      const world = await startWorld(t, { env, script })
      const seen = await liveWith(world)
      t.match(seen.run, { state: 'incomplete', ...run })
      t.match(seen.feedback, [{ module: 'todo', rating: 3 }])
    })
  }
})

t.test('a limit that a single reply passes is passed by that one call, and nobody is asked any more', async t => {
  const world = await startWorld(t, {
    env: { MAX_RUN_USD: '0.01' },
    script: neverStops({ ...NOTHING, output_tokens: 5000 })
  })
  const { run, feedback } = await liveWith(world)
  t.match(run, {
    state: 'incomplete',
    endReason: 'max_usd',
    endDetail: '0.0500 of 0.0100 US dollars, 0.0400 over',
    turns: 1,
    usd: 0.05
  })
  t.strictSame(feedback, [])
  t.equal(world.claude.requests.length, 1)
})

t.test("the day's budget holds over all runs at once, to within one call", async t => {
  // Each call costs 0.02 dollars; asked for at most 4096 tokens each may cost twice that.
  const world = await startWorld(t, {
    env: {
      DAILY_BUDGET_USD: '0.3',
      PERSONA_CONCURRENCY: '8',
      MAX_TURNS: '100',
      MAX_OUTPUT_TOKENS: '1000000'
    },
    script: request => ({
      ...neverStops({ ...NOTHING, output_tokens: 2000 })(request, { index: 0 }),
      delayMs: 20
    })
  })
  const people = []
  for (let i = 0; i < 12; i++) people.push(await world.persona({ email: `p${i}@personas.test` }))
  t.match(await world.tick(), { due: 12, ranSuccessfully: 12 })
  for (const { id } of people) {
    t.match((await world.runOf(id)).run, {
      state: 'incomplete',
      endReason: 'daily_budget',
      endDetail:
        /^0\.\d{4} of 0\.30 US dollars spent( and 0\.\d{4} under way)? on 20\d\d-\d\d-\d\d \(UTC\)$/
    })
  }
  const { budget } = (await world.app.inject({ url: '/api/v1/admin/runner', headers: admin }))
    .json()
  t.match(budget, {
    dailyUsd: 0.3,
    reservedUsd: 0,
    unansweredCalls: 0,
    calls: world.claude.requests.length
  })
  t.ok(budget.spentUsd >= 0.3 - 0.02 && budget.spentUsd <= 0.3 + 0.02, `${budget.spentUsd} spent`)
  const runs = await world.app.database.db.selectFrom('runs').select('usd').execute()
  t.equal(
    runs.reduce((sum, run) => sum + Number(run.usd ?? 0), 0).toFixed(6),
    budget.spentUsd.toFixed(6),
    'the sum of the runs'
  )

  await world.persona({ email: 'late@personas.test' })
  if (budget.spentUsd >= 0.3) {
    t.match(await world.tick(), { due: 0 }, 'nobody is sent out any more today')
    t.match((await world.app.inject('/ready')).json(), {
      ok: true,
      degraded: ['the budget of this day (UTC) is used up']
    })
  }
})

t.test('each request that breaks off counts with what it may have cost, and is not repeated over a limit', async t => {
  const neverAnswers: Script = () => ({ destroy: true })
  await t.test('the limit of the run', async t => {
    const world = await startWorld(t, { env: { MAX_RUN_USD: '0.06' }, script: neverAnswers })
    const { run } = await liveWith(world)
    t.match(run, {
      state: 'incomplete',
      endReason: 'max_usd',
      endDetail: / of 0\.0600 US dollars, 0\.\d{4} over$/,
      usd: null
    })
    const each = run.unansweredUsd / world.claude.requests.length
    t.ok(
      each > 0.04 && run.unansweredUsd >= 0.06 && run.unansweredUsd < 0.06 + each,
      `${world.claude.requests.length} requests, ${run.unansweredUsd} dollars`
    )
  })
  await t.test('the budget of the day', async t => {
    const world = await startWorld(t, { env: { DAILY_BUDGET_USD: '0.06' }, script: neverAnswers })
    const { run } = await liveWith(world)
    t.match(run, { state: 'incomplete', endReason: 'daily_budget' })
    const { budget } = (await world.app.inject({ url: '/api/v1/admin/runner', headers: admin }))
      .json()
    t.match(budget, {
      reservedUsd: 0,
      calls: world.claude.requests.length,
      unansweredCalls: world.claude.requests.length
    })
    t.ok(
      budget.spentUsd >= 0.06 && budget.spentUsd < 0.06 + budget.spentUsd / budget.calls,
      `${budget.spentUsd} dollars`
    )
  })
})

const never = new AbortController().signal

t.test('a call whose answer never came counts with what it could have cost', async t => {
  const { db } = await openTestDatabase(t)
  const persona = await db.insertInto('personas').values({
    email: 'p@x.test',
    name: 'P',
    archetype: 'a',
    system_prompt: 's',
    cadence: 'daily',
    module_mix: '{}'
  })
    .returning('id').executeTakeFirstOrThrow()
  const [opened] = await openRuns(db, [{ id: persona.id, version: 1 }], null)
  const lease = { runId: opened?.runId ?? '', attempt: 1 }
  await takeRun(db, lease.runId)
  const budget = budgetOf(db, lease, 1)
  t.equal(await budget.admit(() => 0.4, never), true)
  t.match(await readToday(db), { usd: 0, reservedUsd: 0.4 })
  await budget.giveUp()
  t.match(await readToday(db), { usd: 0, reservedUsd: 0, calls: 0 }, 'refused: it cost nothing')
  await budget.admit(() => 0.4, never)
  await writeHeld(db, lease, heldForUnanswered(lease, 0.4), unanswered(lease))
  t.match(await readToday(db), { usd: 0.4, reservedUsd: 0, calls: 1, unansweredCalls: 1 })
  // The worker dies over its call; the next attempt finds what it had reserved.
  await budget.admit(() => 0.5, never)
  await takeRun(db, lease.runId)
  await t.rejects(
    budget.admit(() => 0.1, never),
    { code: 'RUN_LOST' },
    'and the worker that comes back asks for nothing more'
  )
  const next = budgetOf(db, { ...lease, attempt: 2 }, 1)
  t.equal(await next.admit(() => 0.3, never), true)
  t.match(await readToday(db), { usd: 0.9, reservedUsd: 0.3, unansweredCalls: 2 })
  t.match(
    await getRun(db, lease.runId),
    { usd: null, unansweredUsd: 0.9 },
    "and on the run's own account"
  )
  // Another run that asks waits for what is under way, and goes out when that turns out cheaper.
  const other = await db.insertInto('personas').values({
    email: 'q@x.test',
    name: 'Q',
    archetype: 'a',
    system_prompt: 's',
    cadence: 'daily',
    module_mix: '{}'
  })
    .returning('id').executeTakeFirstOrThrow()
  const [second] = await openRuns(db, [{ id: other.id, version: 1 }], null)
  const otherLease = { runId: second?.runId ?? '', attempt: 1 }
  await takeRun(db, otherLease.runId)
  const settle = (lease: Lease, usd: number) =>
    writeHeld(db, lease, heldRun(lease), settled(lease, usd))
  const asked = budgetOf(db, otherLease, 1).admit(() => 0.1, never)
  t.equal(await Promise.race([asked, sleep(700, 'waits')]), 'waits')
  await t.rejects(settle(lease, 0.01), { code: 'RUN_LOST' })
  t.match(
    await readToday(db),
    { usd: 0.9, reservedUsd: 0.3 },
    'a worker that lost the run settles nothing of the one that has it'
  )
  await settle({ ...lease, attempt: 2 }, 0.01)
  t.equal(await asked, true)
  t.match(await readToday(db), { usd: 0.91, reservedUsd: 0.1 })
  await settle(otherLease, 0.1)
  t.equal(await budgetOf(db, otherLease, 1).admit(() => 0.1, never), false, 'the budget is used up')

  await budgetOf(db, { ...lease, attempt: 2 }, 2).admit(() => 0.2, never)
  await deletePersona(db, persona.id)
  t.match(
    await readToday(db),
    { usd: 1.21, reservedUsd: 0, unansweredCalls: 3 },
    'a persona that is deleted over its call takes no money back'
  )
})

t.test('a limit in dollars is refused where nobody knows the price, or has no effect where that was asked for', async t => {
  const env = {
    NODE_ENV: 'test',
    SERVICE_KEY,
    ADMIN_KEY,
    ANTHROPIC_MODEL: 'somebody-elses-model',
    DAILY_BUDGET_USD: '5'
  }
  const build = async (more: Record<string, string>) => {
    const app = await buildApp({ env: { ...env, ...more }, database: await openTestDatabase(t) })
    await app.close()
  }
  await t.rejects(build({}), {
    code: 'CONFIG_INVALID',
    message: /DAILY_BUDGET_USD.*"somebody-elses-model".*MODEL_PRICE.*UNKNOWN_PRICE=warn/
  })
  await t.resolves(build({ UNKNOWN_PRICE: 'warn' }))
  await t.resolves(build({ MODEL_PRICE: '2/10' }))
  await t.rejects(build({ MODEL_PRICE: 'cheap' }), {
    message: /MODEL_PRICE must be two amounts of US dollars such as 2\/10/
  })
  await t.rejects(build({ UNKNOWN_PRICE: 'warn', DAILY_BUDGET_USD: '-1' }), {
    message: /DAILY_BUDGET_USD must be an amount of US dollars above 0/
  })
})
