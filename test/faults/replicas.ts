import { sql } from 'kysely'
import { auditCalls, auditRuns } from './tools/audit.ts'
import { startFleet } from './tools/fleet.ts'
import { until } from './tools/measure.ts'
import { countRuns, openStore, passPeriod, type Store } from './tools/store.ts'
import { withTeardown } from './tools/teardown.ts'
import { startWorld } from './tools/world.ts'
import type { Scenario } from './scenario.ts'

const PLANS = {
  full: { processes: 4, personas: 1000, periods: 3 },
  short: { processes: 3, personas: 20, periods: 2 }
}

export const scenario: Scenario = {
  name: 'replicas',
  shows:
    'processes that start, migrate and tick together give every due persona exactly one run per period',
  async run (report, size) {
    const plan = PLANS[size]
    await withTeardown(async t => {
      const world = await startWorld(t, await openStore(t), plan)
      world.model.pace.turns = 1
      const fleet = startFleet(t, world, { PERSONA_CONCURRENCY: '8' })
      const startedAt = performance.now()
      await Promise.all(Array.from({ length: plan.processes }, () => fleet.add()))

      for (let period = 1; period <= plan.periods; period++) {
        const expected = plan.personas * period
        const done = await until(async () => (await countRuns(world.store.db)).final >= expected, {
          limitMs: 600_000,
          everyMs: 250
        })
        report.check(`period ${period}: ${plan.personas} runs are final`, done, fleet.output())
        const { missing, double } = await compare(world.store, period)
        report.check(
          `period ${period}: none is missing, none is double`,
          missing === 0 && double === 0,
          { missing, double }
        )
        if (period < plan.periods) await passPeriod(world.store.db)
      }
      const minutes = (performance.now() - startedAt) / 60_000
      // Whoever was still to come would come at the next ticks, one second apart.
      const tooMany = await until(async () => (await countRuns(world.store.db)).open > 0, {
        limitMs: 3000
      })
      report.check('nobody is run again within a period', !tooMany)

      const { rows: [runs] } = await sql<{ completed: number, once: number, workers: number }>`
        SELECT count(*) FILTER (WHERE state = 'completed')::int AS completed, count(*) FILTER (WHERE attempt = 1)::int AS once,
               (SELECT count(DISTINCT worker) FROM faults.takes)::int AS workers FROM runs`.execute(
        world.store.db
      )
      const total = plan.personas * plan.periods
      report.check(
        `${total} runs completed, each at its first attempt`,
        runs?.completed === total && runs.once === total,
        runs
      )
      report.check('every process took its share', runs?.workers === plan.processes, runs)
      await auditRuns(report, world.store.db)
      await auditCalls(report, world.store.db, world.app.calls)
      report.figure('runs per minute', Math.round(total / minutes))
    })
  }
}

/** Personas with fewer and with more runs than periods have passed. */
async function compare (
  { db }: Store,
  periods: number
): Promise<{ missing: number, double: number }> {
  const { rows: [row] } = await sql<{ missing: number, double: number }>`
    SELECT count(*) FILTER (WHERE n < ${periods})::int AS missing, count(*) FILTER (WHERE n > ${periods})::int AS double
    FROM (SELECT p.id, count(r.id) AS n FROM personas p LEFT JOIN runs r ON r.persona_id = p.id GROUP BY p.id) counted`
    .execute(db)
  return row ?? { missing: -1, double: -1 }
}
