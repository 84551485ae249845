import fc from 'fast-check'
import t from 'tap'
import {
  frictionOf,
  sayDoGap,
  visitsOf,
  type FrictionAction,
  type ModuleVisit
} from '../../../src/analysis/feedback/friction.ts'

const SLOW_MS = 3000
const MODULES = ['todo', 'mood']
const TOOLS = ['create', 'list', 'get']
const KEYS = ['a', 'b', 'c', 'd']

type Blame = FrictionAction['blame']
type Call = Omit<FrictionAction, 'number' | 'module'>

/** A call in few words: tool, arguments, how it ended (`error/app`), milliseconds. */
const call = (
  toolName: string,
  inputHash: string | null,
  end = 'ok',
  latencyMs: number | null = 100
): Call => {
  const [result, blame = null] = end.split('/')
  return { toolName, inputHash, result: result as Call['result'], blame: blame as Blame, latencyMs }
}
const transcript = (calls: Call[]): FrictionAction[] =>
  calls.map((one, i) => ({ ...one, number: i + 1, module: one.toolName.split('.')[0] ?? '' }))
const visits = (calls: Call[]) => visitsOf(transcript(calls), { slowMs: SLOW_MS })

const none = {
  calls: 0,
  appErrors: 0,
  personaErrors: 0,
  modelErrors: 0,
  accountErrors: 0,
  harnessErrors: 0,
  repeats: 0,
  repairLoops: 0,
  slowCalls: 0,
  unknownCalls: 0
}

t.test('golden transcripts give exactly these visits', async t => {
  const create = (hash: string, end?: string, ms?: number | null) =>
    call('todo.create', hash, end, ms)
  const list = (end?: string, ms?: number | null) => call('todo.list', '{}', end, ms)
  const golden: [what: string, calls: Call[], visits: Partial<ModuleVisit>[]][] = [
    ['a day without a hitch', [list(), create('a'), create('b'), list()], [{
      calls: 4,
      latencyMsSum: 400,
      friction: 0
    }]],
    ['nothing done', [], []],
    ['two of five fail', [
      list(),
      create('a', 'error/app'),
      create('b', 'error/app'),
      create('c'),
      list()
    ], [{ calls: 5, appErrors: 2, latencyMsSum: 500, friction: 40 }]],
    ['an error, and the same once more', [list(), create('a', 'error/app'), create('a'), list()], [{
      calls: 4,
      appErrors: 1,
      repeats: 1,
      latencyMsSum: 400,
      friction: 37.5
    }]],
    ['hammering at what fails', [
      create('a', 'error/app'),
      create('a', 'error/app'),
      create('a', 'error/app')
    ], [{ calls: 3, appErrors: 3, repeats: 2, latencyMsSum: 300, friction: 100 }]],
    ['the same twice in a row although it worked', [list(), list(), create('a')], [{
      calls: 3,
      repeats: 1,
      latencyMsSum: 300,
      friction: 16.7
    }]],
    ['looking again after each change is no repeat', [
      list(),
      create('a'),
      list(),
      create('b'),
      list()
    ], [{ calls: 5, latencyMsSum: 500, friction: 0 }]],
    ['once it has worked, calling it again is no repeat', [
      list('error/app'),
      list(),
      create('a'),
      list()
    ], [{ calls: 4, appErrors: 1, repeats: 1, latencyMsSum: 400, friction: 37.5 }]],
    ['arguments that had to be mended', [
      create('a', 'rejected/persona', null),
      create('b', 'error/persona'),
      create('c'),
      list()
    ], [{ calls: 4, personaErrors: 2, repairLoops: 2, latencyMsSum: 300, friction: 12.5 }]],
    ['a refusal that was let be', [create('a', 'rejected/persona', null), list()], [{
      calls: 2,
      personaErrors: 1,
      latencyMsSum: 100,
      friction: 0
    }]],
    ['a refusal, and the same once more', [
      create('a', 'rejected/persona', null),
      create('a', 'rejected/persona', null)
    ], [{ calls: 2, personaErrors: 2, repairLoops: 1, repeats: 1, friction: 37.5 }]],
    ["an error that is nobody's, such as a first rate limit", [
      create('a', 'error'),
      create('b'),
      list()
    ], [{ calls: 3, latencyMsSum: 300, friction: 0 }]],
    ['such an error, and the same once more', [
      create('a', 'error'),
      create('a'),
      list(),
      call('todo.get', 'x')
    ], [{ calls: 4, repeats: 1, latencyMsSum: 400, friction: 12.5 }]],
    ['slow, but just within patience', [
      list('ok', SLOW_MS),
      list('ok', SLOW_MS + 1),
      call('todo.get', 'x')
    ], [{ calls: 3, slowCalls: 1, repeats: 1, latencyMsSum: 6101, friction: 25 }]],
    [
      'no answer in time',
      [list(), list('unknown/app', 30_000), call('todo.get', 'x'), create('a')],
      [{
        calls: 4,
        appErrors: 1,
        unknownCalls: 1,
        slowCalls: 1,
        repeats: 1,
        latencyMsSum: 30_300,
        friction: 50
      }]
    ],
    ['what model, account and runner spoilt is counted where it belongs', [
      list(),
      call('todo.fly', 'x', 'rejected/model', null),
      list('error/account'),
      create('a', 'unknown/harness', null),
      create('a')
    ], [{
      calls: 5,
      modelErrors: 1,
      accountErrors: 1,
      harnessErrors: 1,
      latencyMsSum: 300,
      friction: 0
    }]],
    ['an account that is refused, however often it is tried', [
      list('error/account', 9000),
      list('error/account', 9000),
      list('error/account')
    ], [{ calls: 3, accountErrors: 3, latencyMsSum: 18_100, friction: 0 }]],
    ['such calls do not water down the errors of the app either', [
      create('a', 'error/app'),
      list(),
      call('todo.fly', 'x', 'rejected/model', null),
      call('todo.fly', 'y', 'rejected/model', null)
    ], [{ calls: 4, appErrors: 1, modelErrors: 2, latencyMsSum: 200, friction: 50 }]],
    ['what was left when the day was over is no call', [
      create('a', 'error/app'),
      create('a', 'rejected', null),
      call('mood.add', 'x', 'rejected', null)
    ], [{ calls: 1, appErrors: 1, latencyMsSum: 100, friction: 100 }]],
    ['a failure that nobody knows the fault of', [list('error'), list()], [{
      calls: 2,
      repeats: 1,
      latencyMsSum: 200,
      friction: 25
    }]],
    ['arguments that are not known are never the same', [
      call('todo.list', null, 'error/app'),
      call('todo.list', null)
    ], [{ calls: 2, appErrors: 1, latencyMsSum: 200, friction: 50 }]],
    ['two modules do not share their troubles', [
      list(),
      call('mood.add', 'x', 'error/app'),
      list(),
      call('mood.add', 'x')
    ], [{ module: 'todo', calls: 2, latencyMsSum: 200, friction: 0 }, {
      module: 'mood',
      calls: 2,
      appErrors: 1,
      repeats: 1,
      latencyMsSum: 200,
      friction: 75
    }]]
  ]
  for (const [what, calls, expected] of golden) {
    t.same(
      visits(calls),
      expected.map(visit => ({ module: 'todo', ...none, latencyMsSum: 0, ...visit })),
      what
    )
  }
})

t.test('the order of the rows does not matter, only the numbers', async t => {
  const actions = transcript([
    call('todo.create', 'a', 'error/app'),
    call('todo.create', 'a'),
    call('mood.add', 'x')
  ])
  t.strictSame(
    visitsOf(actions.toReversed(), { slowMs: SLOW_MS }),
    visitsOf(actions, { slowMs: SLOW_MS })
  )
})

t.test('the formula, in numbers', async t => {
  const cases: [counts: object, friction: number][] = [
    [{}, 0],
    [{ calls: 10 }, 0],
    [{ calls: 10, appErrors: 4 }, 40],
    [{ calls: 3, appErrors: 1 }, 33.3],
    [{ calls: 4, slowCalls: 4 }, 25],
    [{ calls: 5, appErrors: 1, unknownCalls: 1 }, 25],
    [{ calls: 1, appErrors: 1, unknownCalls: 1, slowCalls: 1 }, 100],
    [{ calls: 8, repeats: 1, repairLoops: 1 }, 9.4],
    [{ calls: 4, harnessErrors: 4 }, 0],
    [{ calls: 4, personaErrors: 4 }, 0]
  ]
  for (const [counts, friction] of cases) {
    t.equal(frictionOf({ ...none, ...counts }), friction, JSON.stringify(counts))
  }
})

/** What the app, the persona and others can make of a call. */
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
  'error',
  'rejected'
)
const someCall: fc.Arbitrary<Call> = fc.record({
  module: fc.constantFrom(...MODULES),
  tool: fc.constantFrom(...TOOLS),
  key: fc.constantFrom(...KEYS, null),
  end,
  ms: fc.constantFrom(null, 10, 2999, 3001, 30_000)
}).map(({ module, tool, key, end, ms }) =>
  call(`${module}.${tool}`, key, end, end.startsWith('rejected') ? null : ms)
)
const someCalls = fc.array(someCall, { minLength: 1, maxLength: 14 })

const KINDS = [
  'fails',
  'fails for its arguments',
  'is slow',
  'is not answered',
  'is not answered and its time not known',
  'repeats what failed'
] as const

/**
 * The transcript with one call made worse where it stands; null: it cannot get worse in this way.
 */
function worsened (calls: Call[], at: number, kind: typeof KINDS[number]): Call[] | null {
  const victim = calls[at]
  if (victim === undefined || (victim.result === 'rejected' && victim.blame === null)) return null
  const change = (changed: Partial<Call>) => calls.with(at, { ...victim, ...changed })
  switch (kind) {
    case 'fails':
      return victim.result === 'ok' ? change({ result: 'error', blame: 'app' }) : null
    case 'fails for its arguments':
      return victim.result === 'ok' ? change({ result: 'error', blame: 'persona' }) : null
    case 'is slow':
      return change({ latencyMs: (victim.latencyMs ?? 0) + 5000 })
    case 'is not answered':
      return change({ result: 'unknown', blame: 'app' })
    case 'is not answered and its time not known':
      return victim.result === 'unknown'
        ? null
        : change({ result: 'unknown', blame: 'app', latencyMs: null })
    case 'repeats what failed': {
      // A call unlike any other becomes the same as an earlier one of its tool that failed.
      const isDistinct = !calls.some((other, i) =>
        i !== at && other.toolName === victim.toolName && other.inputHash === victim.inputHash
      )
      const failed = calls.slice(0, at).find(other =>
        other.toolName === victim.toolName && other.result !== 'ok' && other.inputHash !== null
      )
      return isDistinct && failed !== undefined ? change({ inputHash: failed.inputHash }) : null
    }
  }
}

t.test('a call that gets worse where it stands never lowers the friction of any visit', async t => {
  const reached = new Map<string, number>()
  for (const kind of KINDS) {
    fc.assert(
      fc.property(someCalls, fc.nat(13), (calls, at) => {
        const worse = worsened(calls, at, kind)
        fc.pre(worse !== null)
        const before = visits(calls)
        const after = new Map(visits(worse ?? []).map(visit => [visit.module, visit.friction]))
        if (before.some(visit => visit.friction < (after.get(visit.module) ?? -1))) {
          reached.set(kind, (reached.get(kind) ?? 0) + 1)
        }
        return before.length === after.size &&
          before.every(visit => (after.get(visit.module) ?? -1) >= visit.friction)
      }),
      { numRuns: 3000 }
    )
  }
  for (const kind of KINDS) {
    t.ok((reached.get(kind) ?? 0) > 50, `and often raises it where it ${kind}`)
  }
})

t.test('no transcript whatsoever leaves the scale, and every call is counted once by its module and its blame', async t => {
  fc.assert(fc.property(someCalls, calls => {
    const all = visits(calls)
    const made = calls.filter(one => !(one.result === 'rejected' && one.blame === null))
    const blamed = all.reduce(
      (sum, v) =>
        sum + v.appErrors + v.personaErrors + v.modelErrors + v.accountErrors + v.harnessErrors,
      0
    )
    return all.every(visit =>
      visit.friction >= 0 && visit.friction <= 100 &&
      Math.round(visit.friction * 10) / 10 === visit.friction
    ) &&
      all.reduce((sum, visit) => sum + visit.calls, 0) === made.length &&
      blamed === made.filter(one => one.result !== 'ok' && one.blame !== null).length
  }))
  t.pass()
})

t.test('only faults of the app and what the contract causes move a module', async t => {
  const others = fc.constantFrom('ok', 'rejected/model', 'error/account', 'unknown/harness')
  const key = fc.constantFrom(...KEYS)
  const spoilt = fc.array(fc.tuple(others, key, fc.constantFrom(10, 30_000)), {
    minLength: 1,
    maxLength: 10
  })
  fc.assert(fc.property(spoilt, calls => {
    const worked = (end: string, key: string, i: number) => end === 'ok' ? `${i}` : key
    const [visit] = visits(
      calls.map(([end, key, ms], i) =>
        call('todo.create', worked(end, key, i), end, end === 'ok' ? 10 : ms)
      )
    )
    return visit?.friction === 0
  }))
  t.pass()
})

t.test('a gap between what is said and what happened is flagged', async t => {
  const cases: [rating: number | null, friction: number, gap: boolean | null][] = [
    [null, 100, null],
    [null, 0, null],
    [5, 40, true],
    [4, 40, true],
    [4, 39.9, false],
    [3, 100, false],
    [3, 0, false],
    [2, 9.9, true],
    [1, 0, true],
    [2, 10, false],
    [1, 55, false],
    [5, 0, false]
  ]
  for (const [rating, friction, gap] of cases) {
    t.equal(sayDoGap(rating, friction), gap, `${rating} at ${friction}`)
  }
})
