import fc from 'fast-check'
import { sql } from 'kysely'
import type { Queryable } from '../../src/platform/db/database.ts'
import { tick } from '../../src/runner/runs/tick.ts'
import { openTestDatabase } from '../helpers/database.ts'
import { auditCalls, auditRuns } from './tools/audit.ts'
import { batches, judge, makeStoppableClock, ZONES } from './tools/due-rule.ts'
import { fakeClocks, LIBFAKETIME } from './tools/fake-clocks.ts'
import { startFleet } from './tools/fleet.ts'
import { seconds, until } from './tools/measure.ts'
import { shiftClock } from './tools/shifted-clock.ts'
import { addPersonas, countRuns, openStore, passPeriod } from './tools/store.ts'
import { withTeardown, type Teardown } from './tools/teardown.ts'
import { startWorld } from './tools/world.ts'
import type { Report, Scenario, Size } from './scenario.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const PLANS = {
  full: { batches: 100, histories: 100, personas: 60, jumps: [1, -2, 24, -24] },
  short: { batches: 20, histories: 15, personas: 20, jumps: [-2] }
}
const BATCH = 200
/** Two periods of the schedule, with room for a busy machine. */
const NOTICED_LIMIT_MS = 20_000

export const scenario: Scenario = {
  name: 'clock',
  shows:
    'the clocks of processes decide nothing: jumps and skew give no double and no lost run, and the weekday is right in every zone',
  async run (report, size) {
    await withTeardown(t => compareDueRule(t, report, size))
    // The clock of the embedded storage is that of its process: there is no other to be different
    // from.
    if (size === 'short' && process.env.TEST_DATABASE_URL === undefined) {
      return report.figure('jumps', 'not tried here: they need a Postgres server')
    }
    await withTeardown(t => tickWithWrongClocks(t, report, size))
    await withTeardown(t => jumpForReal(t, report, size))
  }
}

async function compareDueRule (t: Teardown, report: Report, size: Size): Promise<void> {
  const { db } = await openTestDatabase(t as never)
  await makeStoppableClock(db)
  const startedAt = performance.now()
  const different: unknown[] = []
  const property = fc.asyncProperty(batches(BATCH), async batch => {
    different.push(...await judge(db, batch))
  })
  await fc.assert(property, { numRuns: PLANS[size].batches })
  const runs = PLANS[size].batches * BATCH
  report.check(
    `${runs} times the due rule says what the calendar of ${ZONES.length} zones says`,
    different.length === 0,
    different.slice(0, 3)
  )
  report.figure(
    'due rule: cases, zones, time',
    `${runs}, ${ZONES.length}, ${seconds(performance.now() - startedAt)}`
  )
}

/**
 * What happens to three processes with clocks of their own: a jump is a tick with an offset unlike
 * the one before.
 */
const histories = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('tick' as const),
      offsetMs: fc.constantFrom(
        0,
        5 * MINUTE_MS,
        -5 * MINUTE_MS,
        HOUR_MS,
        -2 * HOUR_MS,
        24 * HOUR_MS,
        -24 * HOUR_MS
      )
    }),
    fc.record({ do: fc.constant('pass' as const), minutes: fc.constantFrom(7, 29, 31, 61, 150) })
  ),
  { minLength: 5, maxLength: 25 }
)

/**
 * Whatever the clock of the process that ticks says, everybody whose hour is over gets one run, and
 * nobody else.
 */
async function tickWithWrongClocks (t: Teardown, report: Report, size: Size): Promise<void> {
  const { db } = await openStore(t)
  await addPersonas(db, 5)
  const personas = await db.selectFrom('personas').select('id').orderBy('id').execute()
  const wrong: unknown[] = []
  await fc.assert(
    fc.asyncProperty(histories, async steps => {
      await sql`UPDATE personas SET last_active_at = NULL`.execute(db)
      // Minutes since each was last active, by the only clock that counts.
      const idle = new Map(personas.map(({ id }) => [id, Infinity]))
      for (const step of steps) {
        if (step.do === 'pass') {
          await sql`UPDATE personas SET last_active_at = last_active_at - ${step.minutes} * interval '1 minute'`
            .execute(db)
          for (const [id, minutes] of idle) idle.set(id, minutes + step.minutes)
          continue
        }
        const expected = [...idle].filter(([, minutes]) => minutes >= 60).map(([id]) => id).sort()
        const opened = await tickAt(db, step.offsetMs)
        if (JSON.stringify(opened) !== JSON.stringify(expected)) {
          wrong.push({ steps, step, opened: opened.length, expected: expected.length })
        }
        // Those who lived are idle from now on; of the others nobody may be touched.
        await sql`UPDATE runs SET state = 'completed', finished_at = now() WHERE finished_at IS NULL`
          .execute(db)
        await sql`UPDATE personas SET last_active_at = now() WHERE id = ANY(${opened}::uuid[])`
          .execute(db)
        for (const id of opened) {
          idle.set(id, 0)
        }
      }
    }),
    { numRuns: PLANS[size].histories }
  )
  report.check(
    `${
      PLANS[size].histories
    } histories of ticks with clocks wrong by up to a day: each due persona once, nobody else`,
    wrong.length === 0,
    wrong[0]
  )
}

/** One tick of a process whose clock is off by so much. @returns the personas it opened runs for */
async function tickAt (db: Queryable, offsetMs: number): Promise<string[]> {
  const queue = { enqueue: async () => {} } as unknown as Parameters<typeof tick>[1]
  shiftClock(offsetMs)
  try {
    const { opened } = await tick(db, queue, {
      queueLimit: 1000,
      services: { model: 'm', apps: new Map([['main', 'a']]) },
      dailyBudgetUsd: null
    })
    return opened.map(run => run.personaId).sort()
  } finally {
    shiftClock(0)
  }
}

/**
 * Real processes whose wall clocks jump and differ, while their timers and the database's clock go
 * on.
 */
async function jumpForReal (t: Teardown, report: Report, size: Size): Promise<void> {
  if (LIBFAKETIME === undefined) {
    return report.figure(
      'real jumps',
      'not tried: libfaketime is not installed (apt-get install faketime)'
    )
  }
  const plan = PLANS[size]
  const clocks = fakeClocks(t, LIBFAKETIME)
  const world = await startWorld(t, await openStore(t), plan)
  world.model.pace.turns = 1
  const fleet = startFleet(t, world, { PERSONA_CONCURRENCY: '8' })
  // Skewed against one another from the start.
  const skews = size === 'full'
    ? [5 * MINUTE_MS, 0, -5 * MINUTE_MS]
    : [5 * MINUTE_MS, -5 * MINUTE_MS]
  for (const [i, skew] of skews.entries()) await fleet.add(clocks.envFor(`w${i + 1}`, skew))

  const waitMs: number[] = []
  for (const [period, jumpHours] of [0, ...plan.jumps].entries()) {
    if (period > 0) {
      for (const { name } of fleet.workers) clocks.shift(name, jumpHours * HOUR_MS)
      await passPeriod(world.store.db)
    }
    const startedAt = performance.now()
    const expected = plan.personas * (period + 1)
    const counted = () => countRuns(world.store.db)
    await until(async () => (await counted()).all >= expected, { limitMs: NOTICED_LIMIT_MS })
    waitMs.push(performance.now() - startedAt)
    const done = await until(async () => (await counted()).final >= expected, { limitMs: 60_000 })
    report.check(
      `${
        period === 0 ? 'skewed by ±5 minutes' : `after a jump of ${jumpHours} h`
      }: each of ${plan.personas} personas has its run`,
      done,
      fleet.output()
    )
  }
  const { rows: uneven } = await sql`
    SELECT persona_id FROM runs GROUP BY persona_id HAVING count(*) <> ${plan.jumps.length + 1}`
    .execute(world.store.db)
  report.check('none is missing, none is double', uneven.length === 0, uneven)
  const slowest = Math.max(...waitMs)
  report.check(
    `those who are due are found within ${seconds(NOTICED_LIMIT_MS)} of a jump`,
    slowest < NOTICED_LIMIT_MS,
    seconds(slowest)
  )
  await auditRuns(report, world.store.db)
  await auditCalls(report, world.store.db, world.app.calls)
  report.figure('jumps (hours)', plan.jumps.join(', '))
  report.figure('found after a jump, max', seconds(slowest))
}
