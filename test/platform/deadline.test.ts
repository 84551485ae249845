import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { atMost, withDeadline } from '../../src/platform/deadline.ts'

const never = new AbortController().signal

/** Waits for the end of the signal, and says what it ended with. */
const untilAborted = (signal: AbortSignal, passed: () => boolean) =>
  new Promise(resolve => {
    signal.addEventListener('abort', () => resolve([(signal.reason as Error).message, passed()]))
  })

t.test('work ends with its time, or with who asked for it', async t => {
  t.same(await withDeadline(never, 5, untilAborted), ['No end within 5 ms.', true])
  const outer = new AbortController()
  const waiting = withDeadline(outer.signal, 10_000, untilAborted)
  outer.abort(new Error('enough'))
  t.same(await waiting, ['enough', false])
  t.ok(
    await withDeadline(outer.signal, 10_000, async signal => signal.aborted),
    'who comes too late finds it ended'
  )
})

t.test('what is done in time leaves nothing behind', async t => {
  const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length
  const before = timers()
  t.equal(await withDeadline(never, 10_000, async () => 'done'), 'done')
  await t.rejects(
    withDeadline(never, 10_000, async () => {
      throw new Error('failed')
    }),
    { message: 'failed' }
  )
  await atMost(10_000, Promise.resolve())
  await atMost(10_000, Promise.reject(new Error('nobody cares')))
  t.equal(timers(), before)
})

t.test('nobody waits longer than was said', async t => {
  await atMost(5, new Promise(() => {}))
  await t.resolves(atMost(5, wait(10_000, undefined, { ref: false })))
})
