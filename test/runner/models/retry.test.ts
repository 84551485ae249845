import fc from 'fast-check'
import t from 'tap'
import { RETRY_POLICY, waitBeforeRetry, type Repeatable } from '../../../src/runner/models/retry.ts'

const failed = (rest: Partial<Repeatable> = {}): Repeatable => ({
  passes: true,
  isGarbled: false,
  retryAfterMs: undefined,
  ...rest
})

t.test('two quick retries as the SDK makes them, then one at any time within four seconds, then no more', async t => {
  const waits = (attempt: number) =>
    [0, 0.999].map(random => waitBeforeRetry(failed(), attempt, RETRY_POLICY, random))
  const [first, second, third, fourth] = [1, 2, 3, 4].map(waits)
  t.same([first, second].flat().map(ms => Math.round(ms ?? 0)), [500, 375, 1000, 750])
  t.same(third?.map(ms => Math.round((ms ?? 0) / 1000)), [0, 4])
  t.same(fourth, [null, null])
})

t.test('however many attempts are allowed, no wait of ours is longer than a minute', async t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, random) => {
        const wait = waitBeforeRetry(failed(), attempt, { ...RETRY_POLICY, attempts: 100 }, random)
        return wait !== null && wait >= 0 && wait <= 60_000
      }
    )
  )
  t.pass()
})

t.test('what was asked for is the least, and more than half a minute is not waited for', async t => {
  t.equal(waitBeforeRetry(failed({ retryAfterMs: 30_000 }), 1, RETRY_POLICY), 30_000)
  t.equal(waitBeforeRetry(failed({ retryAfterMs: 30_001 }), 1, RETRY_POLICY), null)
  t.ok(
    (waitBeforeRetry(failed({ retryAfterMs: 0 }), 1, RETRY_POLICY) ?? 0) > 0,
    'at once is not soon but never'
  )
})

t.test('what does not pass is not repeated, and what is garbled twice', async t => {
  t.equal(waitBeforeRetry(failed({ passes: false }), 1, RETRY_POLICY), null)
  t.same(
    [1, 2, 3].map(attempt =>
      waitBeforeRetry(failed({ isGarbled: true }), attempt, RETRY_POLICY) !== null
    ),
    [true, true, false]
  )
})
