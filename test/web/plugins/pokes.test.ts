import t from 'tap'
import { createPokes } from '../../../src/web/plugins/pokes.ts'
import { shiftClock } from '../../faults/tools/shifted-clock.ts'

const EVERY_SECOND = '* * * * * *'
const HOUR_MS = 3_600_000

t.afterEach(() => shiftClock(0))

/** Pokes that can be waited for. */
function countedPokes () {
  let poked = Promise.withResolvers<void>()
  const pokes = createPokes(EVERY_SECOND, async () => {
    const { resolve } = poked
    poked = Promise.withResolvers()
    resolve()
  })
  return { pokes, next: () => poked.promise }
}

t.test('cron pokes again and again', async t => {
  const { pokes, next } = countedPokes()
  t.teardown(() => pokes.stop())
  pokes.start()
  await next()
  await next()
  t.ok(Date.parse(pokes.nextAt() ?? '') > Date.now() - 1000, 'and says when it does next')
})

for (
  const [jump, ms] of [['set back by 2 hours', -2 * HOUR_MS], ['set forward by an hour', HOUR_MS], [
    'set forward by a day',
    24 * HOUR_MS
  ]] as const
) {
  t.test(`a wall clock that is ${jump} does not silence it`, async t => {
    const { pokes, next } = countedPokes()
    t.teardown(() => pokes.stop())
    pokes.start()
    await next()
    shiftClock(ms)
    const jumpedAt = performance.now()
    await next()
    await next()
    // Two seconds on an idle machine. node-cron alone waits two hours, or 20 s for the minutes that
    // it missed in a day.
    const afterMs = performance.now() - jumpedAt
    t.ok(afterMs < 10_000, `two more pokes after ${Math.round(afterMs)} ms`)
  })
}

t.test('a poke that takes longer than a period is not doubled', async t => {
  let running = 0
  let most = 0
  const twoPeriods = Promise.withResolvers<void>()
  const pokes = createPokes(EVERY_SECOND, async () => {
    most = Math.max(most, ++running)
    await new Promise(resolve => setTimeout(resolve, 2100))
    running--
    twoPeriods.resolve()
  })
  t.teardown(() => pokes.stop())
  pokes.start()
  await twoPeriods.promise
  t.equal(most, 1)
})

t.test('nothing comes after the end, and a far time does not come early', async t => {
  const pokes = createPokes(EVERY_SECOND, async () => {
    t.fail('poked')
  })
  pokes.start()
  await pokes.stop()
  const yearly = createPokes('0 0 1 1 *', async () => {
    t.fail('poked')
  })
  yearly.start()
  await new Promise(resolve => setTimeout(resolve, 1100))
  await yearly.stop()
})
