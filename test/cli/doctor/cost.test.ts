import { sql } from 'kysely'
import t from 'tap'
import { usdOf } from '../../../src/runner/models/prices.ts'
import { estimateRun } from '../../../src/cli/doctor/estimate.ts'
import { dollars } from '../../../src/cli/doctor/words.ts'
import { upsertPersona } from '../../../src/personas/repository.ts'
import { PERSONA } from '../../helpers/app.ts'
import { filledStore, findings, look, startServices } from '../../helpers/doctor.ts'

/** What the doctor says of the model and of money. */

const { env, claude } = await startServices(t)
const offline = { asksModel: false }
const PRICE = { input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.1 }
const LIMITS = { MAX_TURNS: 15, MAX_INPUT_TOKENS: 200_000, MAX_OUTPUT_TOKENS: 20_000 }

const cast = () =>
  filledStore(t, async db => {
    for (const [i, cadence] of (['daily', 'weekdays', 'hourly'] as const).entries()) {
      await upsertPersona(db, { ...PERSONA, email: `p${i}@personas.test`, tickCadence: cadence })
    }
    await upsertPersona(db, { ...PERSONA, email: 'paused@personas.test', tickCadence: 'hourly' })
    await sql`UPDATE personas SET paused = true WHERE email = 'paused@personas.test'`.execute(db)
  })

t.test('an estimate lies between one turn and all limits, and never above MAX_RUN_USD', async t => {
  const { low, expected, high } = estimateRun(PRICE, 2633, LIMITS)
  t.equal(
    low,
    usdOf(PRICE, { inputTokens: 0, cacheReadTokens: 2633, cacheWriteTokens: 300, outputTokens: 55 })
  )
  const written = 2633 + 16 * 300
  const read = 15 * 2633 + 300 * 120
  t.equal(
    expected,
    usdOf(PRICE, {
      inputTokens: 0,
      cacheReadTokens: read,
      cacheWriteTokens: written,
      outputTokens: 16 * 55
    })
  )
  t.equal(
    high,
    usdOf(PRICE, {
      inputTokens: 0,
      cacheReadTokens: 15 * 200_000,
      cacheWriteTokens: 200_000,
      outputTokens: 20_000
    })
  )
  const capped = estimateRun(PRICE, 2633, { ...LIMITS, MAX_RUN_USD: 0.01 })
  t.match(capped, { low, expected: 0.01, high: 0.01 })
  t.ok(estimateRun(PRICE, 20, LIMITS).low < low, 'a short list is not cached, and costs less')
})

t.test('per day and month the cast counts by its cadences, without who is paused', async t => {
  const store = await cast()
  const report = await look({ ...env, ...store }, offline)
  const [app] = report.cost?.apps ?? []
  t.equal(app?.runsPerDay, 24 + 1 + 5 / 7)
  const { perRun, runsPerDay } = app ?? { perRun: { expected: 0 }, runsPerDay: 0 }
  t.equal(report.cost?.perDay.expected, perRun.expected * runsPerDay)
  t.equal(report.cost?.perMonth.expected, perRun.expected * runsPerDay * (365.25 / 12))
  t.match(findings(report, 'cost'), [{
    status: 'ok',
    says: /a month for 3 personas; estimated .* DAILY_BUDGET_USD is not set/
  }])

  t.match(findings(await look({ ...env, ...store, DAILY_BUDGET_USD: '1000' }, offline), 'cost'), [{
    status: 'ok',
    says: /within DAILY_BUDGET_USD=1000/
  }])
  t.match(findings(await look({ ...env, ...store, DAILY_BUDGET_USD: '0.1' }, offline), 'cost'), [
    { status: 'failed', says: /above DAILY_BUDGET_USD=0.1/, todo: /raise DAILY_BUDGET_USD/ }
  ])
  const unknown = await look({ ...env, ...store, ANTHROPIC_MODEL: 'claude-of-tomorrow' }, offline)
  t.match(findings(unknown, 'cost'), [{
    status: 'failed',
    says: /the price of claude-of-tomorrow is not known/,
    todo: /MODEL_PRICE/
  }])
})

t.test('once runs were lived, they tell: mean, and the range of 8 in 10', async t => {
  const store = await filledStore(t, async db => {
    const { persona } = await upsertPersona(db, PERSONA)
    const run = (i: number, model: string, state: string, age: string) =>
      sql`INSERT INTO runs
      (persona_id, persona_version, state, queued_at, started_at, finished_at, model, usd, unanswered_usd)
      SELECT ${persona.id}, 1, ${state}, at, at, at, ${model}, ${i / 100}::float8, 0.01
      FROM (SELECT now() - ${age}::interval AS at) t`.execute(db)
    for (let i = 0; i <= 10; i++) {
      await run(
        i,
        'claude-sonnet-5-5-20260901',
        i % 2 === 0 ? 'completed' : 'incomplete',
        `${i} days`
      )
    }
    await run(900, 'claude-sonnet-5-5', 'failed', '1 day')
    await run(900, 'claude-opus-5', 'completed', '1 day')
    await run(900, 'claude-sonnet-5-5', 'completed', '31 days')
  })
  const { cost, findings: found } = await look({ ...env, ...store }, offline)
  t.match(cost?.apps, [{ app: 'main', basis: 'measured', measuredRuns: 11, runsPerDay: 1 }])
  const { low = 0, expected = 0, high = 0 } = cost?.apps[0]?.perRun ?? {}
  t.same([low, expected, high].map(usd => usd.toFixed(4)), ['0.0200', '0.0600', '0.1000'])
  t.match(found.find(({ check }) => check === 'cost'), {
    says: /about \$0\.060 \(\$0\.020 to \$0\.10\) a run.*measured in 11 runs of the last 30 days/
  })
})

t.test('the model: green with its price, red with a wrong key and where nobody answers', async t => {
  const store = await filledStore(t)
  t.match(findings(await look({ ...env, ...store }), 'model'), [{
    status: 'ok',
    says: /^claude-sonnet-5-5 answers in \d+ ms; this request cost \$0\.0/
  }])
  t.match(
    findings(await look({ ...env, ...store, ANTHROPIC_MODEL: 'claude-of-tomorrow' }), 'model'),
    [
      { status: 'failed', says: /its price is not known/, todo: /MODEL_PRICE/ }
    ]
  )
  await claude.close()
  const report = await look({ ...env, ...store })
  t.match(findings(report, 'model'), [{
    status: 'failed',
    says: /ECONNREFUSED/,
    todo: /ANTHROPIC_BASE_URL/
  }])
  const { ANTHROPIC_API_KEY, ...keyless } = env
  t.match(findings(await look({ ...keyless, ...store }), 'model'), [{
    status: 'not_checked',
    says: 'ANTHROPIC_API_KEY is not set'
  }])
  t.match(findings(await look({ ...keyless, ...store }), 'configuration'), [{
    status: 'failed',
    says: /ANTHROPIC_API_KEY is not set: the runner stays off/
  }])
})

t.test('amounts have two digits that count, and whole cents from a dollar on', async t => {
  t.same([0, 0.00013, 0.0016, 0.035, 0.1, 0.123, 1, 9.416, 269.59].map(dollars), [
    '$0.00',
    '$0.00013',
    '$0.0016',
    '$0.035',
    '$0.10',
    '$0.12',
    '$1.00',
    '$9.42',
    '$269.59'
  ])
})
