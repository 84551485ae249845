import t from 'tap'
import { createQueue } from '../../src/runs/queue.ts'
import { openTestDatabase } from '../helpers/database.ts'

t.test('a run that was begun and handed back goes before all that wait for their first worker', async t => {
  const database = await openTestDatabase(t)
  const queue = createQueue({ database, runTimeoutMs: 60_000, heartbeatSeconds: 60, onError: error => t.error(error) })
  await queue.start()
  t.teardown(() => queue.stop(1000))
  await queue.enqueue(database.db, [{ runId: 'waiting-1' }, { runId: 'waiting-2' }])
  await queue.enqueue(database.db, [{ runId: 'handed-back', attempt: 1 }])

  const taken: string[] = []
  const all = Promise.withResolvers<void>()
  await queue.work(1, async runId => {
    taken.push(runId)
    if (taken.length === 3) all.resolve()
  }, async () => {})
  await all.promise
  t.equal(taken[0], 'handed-back')
  t.strictSame(taken.slice(1).sort(), ['waiting-1', 'waiting-2'])
})
