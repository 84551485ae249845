import fc from 'fast-check'
import t from 'tap'
import { createSlots } from '../../../src/runner/mcp/request-slots.ts'

const never = new AbortController().signal

t.test('places are given out in the order they were asked for, and one who leaves the queue takes none', async t => {
  const slots = createSlots(1)
  const order: string[] = []
  const first = await slots.take(never)
  const leaver = new AbortController()
  const waiting = slots.take(leaver.signal)
  const second = slots.take(never).then(giveBack => {
    order.push('second')
    giveBack()
  })
  const third = slots.take(never).then(giveBack => {
    order.push('third')
    giveBack()
  })
  leaver.abort(new Error('gone'))
  await t.rejects(waiting, { message: 'gone' })
  await t.rejects(slots.take(leaver.signal), { message: 'gone' })
  first()
  first()
  await Promise.all([second, third])
  t.strictSame(order, ['second', 'third'])
})

t.test('whoever leaves and comes, there are never more than so many, and no place is lost', async () => {
  const sizes = fc.integer({ min: 1, max: 4 })
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(fc.nat({ max: 3 }), { maxLength: 30 }),
      async (size, delays) => {
        const slots = createSlots(size)
        let now = 0
        let most = 0
        await Promise.all(delays.map(async (ticks, i) => {
          const controller = new AbortController()
          if (i % 5 === 4) setImmediate(() => controller.abort(new Error('gone')))
          const giveBack = await slots.take(controller.signal).catch(() => undefined)
          if (giveBack === undefined) return
          most = Math.max(most, ++now)
          for (let k = 0; k < ticks; k++) await new Promise(resolve => setImmediate(resolve))
          now--
          giveBack()
        }))
        const all = await Promise.all(Array.from({ length: size }, () => slots.take(never)))
        return most <= size && all.length === size
      }
    ),
    { numRuns: 100 }
  )
})
