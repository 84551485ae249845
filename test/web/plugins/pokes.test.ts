import { mock } from 'node:test'
import t from 'tap'
import { createPokes } from '../../../src/web/plugins/pokes.ts'
import { shiftClock } from '../../faults/tools/shifted-clock.ts'

const EVERY_SECOND = '* * * * * *'
/** The pause to the next second, and what is added to it. */
const PERIOD_MS = 1005
const HOUR_MS = 3_600_000
const LONGEST_TIMER_MS = 2_147_483_647

/** Timers wait until the test lets time pass; the wall clock goes on as it is. */
t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
t.afterEach(() => {
  mock.timers.reset()
  shiftClock(0)
})

const settle = () => new Promise(resolve => setImmediate(resolve))

async function pass (ms: number): Promise<void> {
  mock.timers.tick(ms)
  await settle()
}

function countedPokes () {
  let count = 0
  const pokes = createPokes(EVERY_SECOND, async () => {
    count++
  })
  return { pokes, count: () => count }
}

t.test('cron pokes again and again', async t => {
  const { pokes, count } = countedPokes()
  t.teardown(() => pokes.stop())
  pokes.start()
  await pass(PERIOD_MS)
  t.ok(count() >= 1)
  await pass(PERIOD_MS)
  t.ok(count() >= 2)
  t.ok(Date.parse(pokes.nextAt() ?? '') > Date.now() - 1000, 'and says when it does next')
})

for (
  const [jump, ms] of [['set back by 2 hours', -2 * HOUR_MS], ['set forward by an hour', HOUR_MS], [
    'set forward by a day',
    24 * HOUR_MS
  ]] as const
) {
  t.test(`a wall clock that is ${jump} does not silence it`, async t => {
    const { pokes, count } = countedPokes()
    t.teardown(() => pokes.stop())
    pokes.start()
    await pass(PERIOD_MS)
    shiftClock(ms)
    const before = count()
    // node-cron alone waits two hours, or 20 s for the minutes that it missed in a day.
    await pass(PERIOD_MS)
    await pass(PERIOD_MS)
    t.ok(count() >= before + 2, `${count() - before} more pokes`)
  })
}

t.test('a poke that takes longer than a period is not doubled', async t => {
  const end = Promise.withResolvers<void>()
  let begun = 0
  const pokes = createPokes(EVERY_SECOND, async () => {
    begun++
    await end.promise
  })
  t.teardown(() => pokes.stop())
  pokes.start()
  for (let period = 0; period < 3; period++) await pass(PERIOD_MS)
  t.equal(begun, 1)
  end.resolve()
  await settle()
  await pass(PERIOD_MS)
  t.equal(begun, 2, 'the next one comes when it is over')
})

t.test('nothing comes after the end, and a far time does not come early', async t => {
  const { pokes, count } = countedPokes()
  pokes.start()
  await pokes.stop()
  await pass(PERIOD_MS)
  t.equal(count(), 0)
  const inHalfAYear = (new Date().getMonth() + 6) % 12 + 1
  const yearly = createPokes(`0 0 1 ${inHalfAYear} *`, async () => {
    t.fail('poked')
  })
  yearly.start()
  // The longest that a timer of Node takes: it only waits on.
  await pass(LONGEST_TIMER_MS)
  await yearly.stop()
})
