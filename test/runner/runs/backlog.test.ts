import { sql } from 'kysely'
import t from 'tap'
import { createPersona, startTestApp } from '../../helpers/app.ts'
import { shiftClock } from '../../faults/tools/shifted-clock.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { createQueue } from '../../../src/runner/runs/queue.ts'
import { tick } from '../../../src/runner/runs/tick.ts'

const SERVICES = { model: 'model:test', apps: new Map([['main', 'app:test']]) }

/** How long after now each queued run may be taken, in seconds, by the database's clock. */
async function waits (db: Awaited<ReturnType<typeof openTestDatabase>>['db']): Promise<number[]> {
  const { rows } = await sql<{ wait: number }>`
    SELECT extract(epoch FROM start_after - now())::float8 AS wait FROM pgboss.job WHERE name = 'runs' ORDER BY 1`
    .execute(db)
  return rows.map(row => row.wait)
}

t.test('after a long stop everybody is due, runs once, and not all at the same moment', async t => {
  const database = await openTestDatabase(t)
  const { db } = database
  const app = await startTestApp(t, { database })
  const queue = createQueue({
    database,
    runTimeoutMs: 60_000,
    heartbeatSeconds: 60,
    onError: () => {}
  })
  await queue.start()
  t.teardown(() => queue.stop(1000))
  for (let i = 0; i < 40; i++) await createPersona(app, { email: `p${i}@personas.test` })
  const again = async () => {
    await sql`UPDATE runs SET finished_at = now(), state = 'completed'`.execute(db)
    await sql`DELETE FROM pgboss.job`.execute(db)
  }
  const options = { queueLimit: 1000, services: SERVICES, dailyBudgetUsd: null }

  t.equal((await tick(db, queue, options)).opened.length, 40)
  t.ok((await waits(db)).every(wait => wait <= 0), 'those who never ran begin at once')

  await again()
  await sql`UPDATE personas SET last_active_at = now() - interval '24 hours 5 minutes'`.execute(db)
  t.equal((await tick(db, queue, options)).opened.length, 40)
  t.ok((await waits(db)).every(wait => wait <= 0), 'those who are due in time begin at once')

  if (process.env.TEST_DATABASE_URL !== undefined) {
    await again()
    await sql`UPDATE personas SET last_active_at = now() - interval '24 hours 5 minutes'`.execute(
      db
    )
    shiftClock(5 * 3_600_000)
    t.equal((await tick(db, queue, options)).opened.length, 40)
    shiftClock(0)
    t.ok(
      (await waits(db)).every(wait => wait <= 0),
      'also where the clock of the process says that they are hours late'
    )
  }

  await again()
  await sql`UPDATE personas SET last_active_at = now() - interval '9 days'`.execute(db)
  t.equal((await tick(db, queue, options)).opened.length, 40, 'nine days late, and one run each')
  t.equal((await tick(db, queue, options)).opened.length, 0)
  const late = await waits(db)
  t.equal(late.length, 40)
  t.ok(late.every(wait => wait <= 41), 'a second per head at most')
  t.ok(
    new Set(late.map(wait => Math.round(wait))).size > 10,
    `spread over the time: ${late.map(Math.round).join(' ')}`
  )
})
