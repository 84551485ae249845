import fc from 'fast-check'
import t from 'tap'
import {
  remainingPatience,
  walksAwayAt,
  type PatienceCall
} from '../../../src/runner/agent/patience.ts'
import { slowMsFor } from '../../../src/analysis/feedback/slowness.ts'

type Call = Omit<PatienceCall, 'number'>

/** A call in few words: arguments, how it ended (`error/app`), milliseconds. */
const call = (inputHash: string | null, end = 'ok', latencyMs: number | null = 100): Call => {
  const [result, blame = null] = end.split('/')
  return {
    toolName: 'todo.create',
    inputHash,
    result: result as Call['result'],
    blame: blame as Call['blame'],
    latencyMs
  }
}
const numbered = (calls: Call[]): PatienceCall[] =>
  calls.map((one, i) => ({ ...one, number: i + 1 }))
const left = (budget: number, ...calls: Call[]) => remainingPatience(budget, numbered(calls))
const leaves = (budget: number, calls: Call[]) => walksAwayAt(budget, numbered(calls))
const constant = (n: number, one: (i: number) => Call) =>
  Array.from({ length: n }, (_, i) => one(i))

t.test('golden days leave exactly this much patience', async t => {
  const days: [what: string, calls: Call[], points: number, drainedBy: number[]][] = [
    ['nothing done', [], 100, []],
    ['all well', [call('a'), call('b')], 100, []],
    ['one error', [call('a'), call('b', 'error/app')], 80, [2]],
    ['one call without an answer', [call('a', 'unknown/app')], 75, [1]],
    ['one slip', [call('a', 'rejected/persona', null)], 95, [1]],
    ['one call of a tool that does not exist', [call('a', 'rejected/model', null)], 95, [1]],
    ['success gives some of it back', [call('a', 'error/app'), call('b'), call('c')], 90, [1]],
    [
      'who is back at the full has forgotten',
      [
        call('a', 'error/app'),
        ...'bcde'.split('').map(key => call(key)),
        call('f', 'rejected/persona', null)
      ],
      95,
      [6]
    ],
    ['the same again in vain', [call('a', 'error/app'), call('b'), call('a', 'error/app')], 55, [
      1,
      3
    ]],
    ['the same again, and it works', [call('a', 'error/app'), call('b'), call('a')], 90, [1]],
    ['the same twice in a row', [call('a'), call('a')], 95, [2]],
    ['the same now and then', [call('a'), call('b'), call('a')], 100, []],
    ['just bearable', [call('a', 'ok', 3000)], 100, []],
    ['a little slow, but it worked', [call('a', 'error/app'), call('b', 'ok', 3001)], 83, [1]],
    ['six seconds', [call('a', 'ok', 6000)], 99, [1]],
    ['slow for ever', [call('a', 'ok', 3_600_000)], 85, [1]],
    ['slow and no answer', [call('a', 'unknown/app', 30_000)], 55, [1]],
    [
      'our own crash',
      [call('a', 'unknown/harness', null), call('a', 'unknown/harness', 60_000)],
      100,
      []
    ],
    ['what was not to be executed any more', [call('a', 'rejected', null)], 100, []],
    ['an expired account', [call('a', 'error/account')], 80, [1]],
    [
      'arguments that nobody knows are never the same',
      [call(null, 'error/app'), call(null, 'error/app')],
      60,
      [1, 2]
    ]
  ]
  for (const [what, calls, points, drainedBy] of days) {
    t.same(left(100, ...calls), { points, drainedBy }, what)
  }
})

t.test('who has left does not come back, and what comes behind changes nothing', async t => {
  const bad = constant(5, i => call(`${i}`, 'error/app'))
  t.same(left(100, ...bad), { points: 0, drainedBy: [1, 2, 3, 4, 5] })
  t.same(left(100, ...bad, call('x'), call('y', 'error/app')), {
    points: 0,
    drainedBy: [1, 2, 3, 4, 5]
  })
  t.equal(leaves(100, bad.slice(0, 4)), null)
  t.equal(leaves(100, [...bad, call('x')]), 5)
})

t.test('what is slow depends on the patience, within what people notice and what loses their attention', async t => {
  t.same([1, 40, 100, 250, 1000].map(slowMsFor), [1000, 1200, 3000, 7500, 10_000])
})

t.test('with a model that never stops, the step at which the day ends is known in advance, whatever the patience', async t => {
  const cases: [what: string, one: (i: number) => Call, cost: number, further: number][] = [
    ['failing', i => call(`${i}`, 'error/app'), 20, 20],
    ['failing at the same', () => call('a', 'error/app'), 20, 30],
    ['never answered', i => call(`${i}`, 'unknown/app', 0), 25, 25],
    ['refused', i => call(`${i}`, 'rejected/persona', null), 5, 5],
    ['doing the same', () => call('a'), 0, 5],
    ['so slow that success does not make up for it', i => call(`${i}`, 'ok', 1_000_000), 15, 15]
  ]
  for (const [what, one, cost, further] of cases) {
    for (let budget = 1; budget <= 300; budget++) {
      // The first call costs `cost`, each one behind it `further`.
      const step = cost >= budget ? 1 : 1 + Math.ceil((budget - cost) / further)
      const met = leaves(budget, constant(step + 3, one))
      if (met !== step) t.fail(`${what} with ${budget} points: ${met} in place of ${step}`)
      if (leaves(budget, constant(step - 1, one)) !== null) {
        t.fail(`${what} with ${budget} points: earlier than ${step}`)
      }
    }
    t.pass(what)
  }
})

t.test('a good day never ends it, however long', async t => {
  t.equal(leaves(1, constant(1000, i => call(`${i}`))), null)
  t.same(
    left(40, ...constant(1000, i => i % 5 === 0 ? call(`${i}`, 'error/app') : call(`${i}`))).points,
    40,
    'nor four successes for each failure'
  )
})

const end = fc.constantFrom(
  'ok',
  'ok',
  'ok',
  'error/app',
  'error/persona',
  'rejected/persona',
  'unknown/app',
  'unknown/harness',
  'rejected/model',
  'error/account',
  'rejected'
)
const someCall: fc.Arbitrary<Call> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e', null),
  end,
  ms: fc.constantFrom(null, 10, 1500, 5000, 60_000)
})
  .map(({ key, end, ms }) => call(key, end, end.startsWith('rejected') ? null : ms))
const someCalls = fc.array(someCall, { minLength: 1, maxLength: 25 })
const budget = fc.integer({ min: 1, max: 300 })
const step = (at: number | null) => at ?? Infinity

t.test('less patience never lasts longer on the same calls', async t => {
  fc.assert(
    fc.property(
      someCalls,
      budget,
      budget,
      (calls, a, b) => step(leaves(Math.min(a, b), calls)) <= step(leaves(Math.max(a, b), calls))
    ),
    { numRuns: 2000 }
  )
  t.pass()
})

/** One call made worse where it stands; null: it cannot get worse in this way. */
const WORSE: Record<string, (calls: Call[], at: number, victim: Call) => Partial<Call> | null> = {
  fails: (_, __, victim) => victim.result === 'ok' ? { result: 'error', blame: 'app' } : null,
  'is refused': (_, __, victim) =>
    victim.result === 'ok' ? { result: 'rejected', blame: 'persona', latencyMs: null } : null,
  'is not answered': (_, __, victim) =>
    victim.result === 'rejected' && victim.blame === null
      ? null
      : { result: 'unknown', blame: 'app' },
  'is slow': (_, __, victim) => ({ latencyMs: (victim.latencyMs ?? 0) + 7000 }),
  'repeats what failed': (calls, at, victim) => {
    const failed = calls.slice(0, at).find(other =>
      other.result !== 'ok' && other.inputHash !== null
    )
    const isDistinct = !calls.some((other, i) => i !== at && other.inputHash === victim.inputHash)
    return isDistinct && failed !== undefined ? { inputHash: failed.inputHash } : null
  }
}

t.test('a fault more, where it stands, never makes the day last longer', async t => {
  for (const [kind, worse] of Object.entries(WORSE)) {
    let sooner = 0
    fc.assert(
      fc.property(someCalls, fc.nat(24), fc.integer({ min: 1, max: 120 }), (calls, at, points) => {
        const victim = calls[at]
        const change = victim === undefined ? null : worse(calls, at, victim)
        fc.pre(victim !== undefined && change !== null)
        // A success that is slow and then refused before it was sent has become faster: not a fault
        // more.
        fc.pre(kind !== 'is refused' || (victim?.latencyMs ?? 0) <= 1000)
        const before = step(leaves(points, calls))
        const after = step(leaves(points, calls.with(at, { ...victim, ...change } as Call)))
        if (after < before) sooner++
        return after <= before
      }),
      { numRuns: 2000 }
    )
    t.ok(sooner > 0, `and ends it sooner at times, where a call ${kind}: ${sooner}`)
  }
})

t.test('points stay between nothing and the budget, and name only calls that cost some', async t => {
  fc.assert(fc.property(someCalls, budget, (calls, budget) => {
    const { points, drainedBy } = left(budget, ...calls)
    const again = left(budget, ...calls)
    const costly = drainedBy.map(number => calls[number - 1])
    return points >= 0 && points <= budget && Number.isInteger(points) &&
      points === again.points && String(drainedBy) === String(again.drainedBy) &&
      (points === budget) === (drainedBy.length === 0) && costly.every(one =>
        one !== undefined && one.blame !== 'harness'
      ) &&
      (points > 0 || leaves(budget, calls) === drainedBy.at(-1))
  }))
  t.pass()
})
