import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { OpenDatabase } from '../../../src/platform/db/database.ts'
import { createQueue } from '../../../src/runner/runs/queue.ts'
import { shiftClock } from '../../faults/tools/shifted-clock.ts'
import { openTestDatabase } from '../../helpers/database.ts'

async function startQueue (t: Test, database?: OpenDatabase) {
  database ??= await openTestDatabase(t)
  const queue = createQueue({
    database,
    runTimeoutMs: 60_000,
    heartbeatSeconds: 60,
    onError: error => t.error(error)
  })
  await queue.start()
  t.teardown(() => queue.stop(1000))
  return { database, db: database.db, queue }
}

t.test('a run that was begun and handed back goes before all that wait for their first worker', async t => {
  const { db, queue } = await startQueue(t)
  await queue.enqueue(db, [{ runId: 'waiting-1' }, { runId: 'waiting-2' }])
  await queue.enqueue(db, [{ runId: 'handed-back', attempt: 1 }])

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

t.test('a run whose worker failed goes before a backlog that is older', async t => {
  const { db, queue } = await startQueue(t)
  await queue.enqueue(db, [{ runId: 'failing' }])
  const waiting = Array.from({ length: 7 }, (_, i) => ({ runId: `waiting-${i}` }))

  const taken: string[] = []
  const all = Promise.withResolvers<void>()
  await queue.work(1, async runId => {
    taken.push(runId)
    if (taken.length === waiting.length + 2) all.resolve()
    // Its pause is over while the first of the backlog is at work.
    if (taken.length === 2) {
      await sql`UPDATE pgboss.job SET start_after = now() - interval '1 second' WHERE state = 'retry'`
        .execute(db)
    }
    if (taken.length > 1) return
    await queue.enqueue(db, waiting)
    await sql`UPDATE pgboss.job SET created_on = created_on - interval '1 hour' WHERE data ->> 'runId' <> 'failing'`
      .execute(db)
    throw new Error('as a worker that dies')
  }, async () => {})
  await all.promise
  t.equal(taken[0], 'failing')
  t.equal(taken[2], 'failing', taken.join(', '))
})

t.test('a process that starts looks at once for runs whose worker was not heard of', async t => {
  const { database, db, queue } = await startQueue(t)
  await queue.enqueue(db, [{ runId: 'left behind' }])
  await queue.stop(1000)
  // As after a crash some time ago.
  await sql`UPDATE pgboss.job SET state = 'active', heartbeat_on = now() - interval '10 minutes', heartbeat_seconds = 60
    WHERE data ->> 'runId' = 'left behind'`.execute(db)
  await sql`UPDATE pgboss.queue SET monitor_on = NULL, monitor_claim_on = NULL`.execute(db)
  await startQueue(t, database)
  const { rows } = await sql`SELECT state FROM pgboss.job WHERE data ->> 'runId' = 'left behind'`
    .execute(db)
  t.strictSame(rows, [{ state: 'retry' }])
})

t.test('runs whose attempts are used up are given up together, however many', async t => {
  const { database, db, queue } = await startQueue(t)
  const runs = Array.from({ length: 60 }, (_, i) => ({ runId: `run-${i}` }))
  await queue.enqueue(db, runs)
  await queue.stop(1000)
  await sql`UPDATE pgboss.job SET state = 'active', retry_count = retry_limit, heartbeat_on = now() - interval '10 minutes', heartbeat_seconds = 60
    WHERE name = 'runs'`.execute(db)
  await sql`UPDATE pgboss.queue SET monitor_on = NULL, monitor_claim_on = NULL`.execute(db)
  const again = await startQueue(t, database)

  const abandoned: string[] = []
  const all = Promise.withResolvers<void>()
  await again.queue.work(1, async () => {}, async runId => {
    abandoned.push(runId)
    if (abandoned.length === runs.length) all.resolve()
  })
  await all.promise
  t.strictSame(abandoned.sort(), runs.map(run => run.runId).sort())
})

t.test('a run that a process was giving up when it died is given up by the next', async t => {
  const { database, db, queue } = await startQueue(t)
  await queue.stop(1000)
  const abandoned = Promise.withResolvers<string>()
  await sql`INSERT INTO pgboss.job (name, data, state, started_on, heartbeat_on, heartbeat_seconds, retry_limit)
    VALUES ('runs-abandoned', '{"runId": "half given up"}', 'active', now(), now() - interval '10 minutes', 60, 1000)`
    .execute(db)
  await sql`UPDATE pgboss.queue SET monitor_on = NULL, monitor_claim_on = NULL`.execute(db)
  const again = await startQueue(t, database)
  await again.queue.work(1, async () => {}, async runId => abandoned.resolve(runId))
  t.equal(await abandoned.promise, 'half given up')
  const { rows } =
    await sql`SELECT heartbeat_seconds FROM pgboss.queue WHERE name = 'runs-abandoned'`.execute(db)
  t.strictSame(rows, [{ heartbeat_seconds: 60 }], 'so that a lost one is noticed')
})

t.test('a worker goes on at once when the clock of its process is set back in the middle of a run', async t => {
  const { db, queue } = await startQueue(t)
  await queue.enqueue(db, [{ runId: 'first' }, { runId: 'second' }])
  // Two hours fast until the first run, so that the embedded database, which has the same clock, is
  // right afterwards.
  shiftClock(2 * 3_600_000)
  t.teardown(() => shiftClock(0))

  const taken: string[] = []
  const both = Promise.withResolvers<void>()
  await queue.work(1, async runId => {
    taken.push(runId)
    shiftClock(0)
    if (taken.length === 2) both.resolve()
  }, async () => {})
  await both.promise
  t.strictSame(taken, ['first', 'second'])
})
