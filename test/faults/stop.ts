import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { auditCalls, auditRuns } from './tools/audit.ts'
import { startFleet, type Fleet, type World } from './tools/fleet.ts'
import { percentile, seconds, until } from './tools/measure.ts'
import { openStore } from './tools/store.ts'
import { withTeardown } from './tools/teardown.ts'
import { heldBy, takenUpAgain, type HeldRun } from './tools/watch-writes.ts'
import { allFinal, keepBusy, startWorld } from './tools/world.ts'
import type { Scenario } from './scenario.ts'

/**
 * Fewer personas than the other processes have room for: what is measured is how soon a run is
 * found.
 */
const PLANS = {
  full: { processes: 3, personas: 15, stops: 50 },
  short: { processes: 2, personas: 6, stops: 3 }
}
const STOP_LIMIT_MS = 25_000
const GO_ON_LIMIT_MS = 5000

export const scenario: Scenario = {
  name: 'stop',
  shows:
    'a polite stop in the middle of runs leaves nothing unknown, and another process goes on at once',
  async run (report, size) {
    const plan = PLANS[size]
    await withTeardown(async t => {
      const world = await startWorld(t, await openStore(t), plan)
      world.app.pace = { beforeMs: 100, afterMs: 100 }
      world.model.pace = { thinkMs: 500, turns: 3 }
      const fleet = startFleet(t, world, { PERSONA_CONCURRENCY: '8' })
      await Promise.all(Array.from({ length: plan.processes }, () => fleet.add()))

      const stopped: Stopped[] = []
      for (let i = 0; i < plan.stops; i++) {
        await keepBusy(world, plan.personas - 3)
        stopped.push(await stopOne(world, fleet))
      }
      const impolite = stopped.filter(({ code, tookMs }) => code !== 0 || tookMs > STOP_LIMIT_MS)
      report.check(
        `${plan.stops} processes exit with 0 within ${seconds(STOP_LIMIT_MS)}`,
        impolite.length === 0,
        impolite
      )
      report.check(
        'all runs become final, with no minute in which none does',
        await allFinal(world, 60_000),
        fleet.output()
      )

      const { fromExitMs, fromSignalMs } = await delays(world, stopped)
      report.check('runs were handed over', fromExitMs.length > 0)
      const slow = fromExitMs.filter(ms => ms > GO_ON_LIMIT_MS)
      report.check(
        `another process goes on within ${seconds(GO_ON_LIMIT_MS)} of the stop`,
        slow.length === 0,
        slow.map(seconds)
      )
      const { rows: unknown } = await sql`SELECT id FROM persona_actions WHERE result = 'unknown'`
        .execute(world.store.db)
      report.check('no row is unknown', unknown.length === 0, unknown)
      await auditRuns(report, world.store.db)
      await auditCalls(report, world.store.db, world.app.calls)
      report.figure('stops', stopped.length)
      report.figure('time to exit, max', seconds(Math.max(...stopped.map(({ tookMs }) => tookMs))))
      report.figure('runs handed over', fromExitMs.length)
      report.figure('taken up after the exit, p99', seconds(percentile(fromExitMs, 0.99)))
      report.figure('taken up after the signal, p99', seconds(percentile(fromSignalMs, 0.99)))
    })
  }
}

interface Stopped {
  code: number | null
  tookMs: number
  signalledAtMs: number
  exitedAtMs: number
  held: HeldRun[]
}

/**
 * Stops a process that is in the middle of a run, at a random moment of it, and starts another in
 * its place.
 */
async function stopOne ({ store: { db } }: World, fleet: Fleet): Promise<Stopped> {
  let held: HeldRun[] = []
  let chosen = fleet.workers[0]
  await until(async () => {
    chosen = fleet.workers[Math.floor(Math.random() * fleet.workers.length)]
    held = chosen === undefined ? [] : await heldBy(db, chosen.name)
    return held.length > 0
  }, { limitMs: 30_000, everyMs: 20 })
  if (chosen === undefined) throw new Error('no process is left to stop')
  await sleep(Math.random() * 600)
  held = await heldBy(db, chosen.name)
  fleet.remove(chosen)
  const signalledAtMs = Date.now()
  chosen.signal('SIGTERM')
  const { code, afterMs } = await chosen.ended
  const exitedAtMs = Date.now()
  await fleet.add()
  return { code, tookMs: afterMs, signalledAtMs, exitedAtMs, held }
}

/**
 * How long the runs that were handed over waited; those that the process still finished itself did
 * not.
 */
async function delays (
  { store: { db } }: World,
  stopped: Stopped[]
): Promise<{ fromExitMs: number[], fromSignalMs: number[] }> {
  const fromExitMs: number[] = []
  const fromSignalMs: number[] = []
  for (const { held, signalledAtMs, exitedAtMs } of stopped) {
    const { rows } = await sql<{ id: string }>`
      SELECT t.run_id AS id FROM unnest(${held.map(run => run.runId)}::text[], ${
      held.map(run => run.attempt)
    }::int[]) AS h (run_id, attempt)
      JOIN faults.takes t ON t.run_id = h.run_id AND t.attempt = h.attempt + 1`.execute(db)
    const handedOver = new Set(rows.map(row => row.id))
    for (const [runId, atMs] of await takenUpAgain(db, held)) {
      if (!handedOver.has(runId)) continue
      fromExitMs.push(Math.max(0, atMs - exitedAtMs))
      fromSignalMs.push(atMs - signalledAtMs)
    }
  }
  return { fromExitMs, fromSignalMs }
}
