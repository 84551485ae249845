import { setTimeout as sleep } from 'node:timers/promises'
import { auditCalls, auditRuns } from './tools/audit.ts'
import { SHORT_HEARTBEAT, startFleet, type Worker, type World } from './tools/fleet.ts'
import { seconds, until } from './tools/measure.ts'
import { openStore } from './tools/store.ts'
import { withTeardown } from './tools/teardown.ts'
import {
  listStaleWrites,
  heldBy,
  loseHeartbeats,
  takenUpAgain,
  type HeldRun
} from './tools/watch-writes.ts'
import { allFinal, keepBusy, startWorld } from './tools/world.ts'
import type { Scenario } from './scenario.ts'

const PLANS = {
  full: {
    processes: 6,
    stoppedAtOnce: 4,
    rounds: 15,
    personas: 120,
    heartbeat: SHORT_HEARTBEAT as Record<string, string>,
    loses: false
  },
  short: {
    processes: 2,
    stoppedAtOnce: 1,
    rounds: 1,
    personas: 8,
    heartbeat: {} as Record<string, string>,
    loses: true
  }
}
/**
 * Heartbeat, the queue's round, and up to 30 s until the server ends a transaction that a stopped
 * process had open; twice that.
 */
const TAKEN_OVER_LIMIT_MS = 120_000

export const scenario: Scenario = {
  name: 'zombies',
  shows:
    'a process that was stopped past its heartbeat and comes back writes nothing and calls nothing more',
  async run (report, size) {
    const plan = PLANS[size]
    await withTeardown(async t => {
      const world = await startWorld(t, await openStore(t), plan)
      const { store: { db }, app, model } = world
      app.pace = { beforeMs: 80, afterMs: 80 }
      // Slow, so that a process that comes back with its reply could write before the one that took
      // over does.
      model.pace = { thinkMs: 1500, turns: 2 }
      const fleet = startFleet(t, world, plan.heartbeat)
      await Promise.all(Array.from({ length: plan.processes }, () => fleet.add()))

      const zombies: Zombie[] = []
      for (let round = 0; round < plan.rounds; round++) {
        await keepBusy(world, plan.personas / 4)
        const stopped = await Promise.all(
          fleet.workers.slice(0, plan.stoppedAtOnce).map(worker => stop(world, worker))
        )
        const held = stopped.flatMap(zombie => zombie.held)
        if (plan.loses) await loseHeartbeats(db, held)
        await until(async () => (await takenUpAgain(db, held)).size === held.length, {
          limitMs: TAKEN_OVER_LIMIT_MS
        })
        for (const zombie of stopped) zombie.takenOver = (await takenUpAgain(db, zombie.held)).size
        stopped.forEach(wake)
        zombies.push(...stopped)
        // Whatever they still do, they do at once. Others are stopped next.
        await sleep(1500)
        fleet.workers.push(...fleet.workers.splice(0, plan.stoppedAtOnce))
      }

      const held = zombies.reduce((sum, zombie) => sum + zombie.held.length, 0)
      const takenOver = zombies.reduce((sum, zombie) => sum + zombie.takenOver, 0)
      report.check(
        `${zombies.length} processes were stopped in the middle of runs`,
        zombies.every(zombie => zombie.held.length > 0)
      )
      report.check('all their runs were taken over before they came back', takenOver === held, {
        held,
        takenOver
      })
      const stale = await listStaleWrites(db)
      report.check('a process that lost its run wrote nothing on it', stale.length === 0, stale)
      report.check(
        'all runs become final, with no 2 minutes in which none does',
        await allFinal(world, 120_000),
        fleet.output()
      )
      report.check('nobody ended', fleet.workers.every(worker => worker.child.exitCode === null))
      await auditRuns(report, db)
      await auditCalls(report, db, app.calls)
      report.figure('stops', zombies.length)
      report.figure('runs they held', held)
      report.figure('stale writes', stale.length)
      report.figure(
        'stopped for, mean',
        seconds(zombies.reduce((sum, zombie) => sum + zombie.forMs, 0) / zombies.length)
      )
    })
  }
}

interface Zombie {
  worker: Worker
  held: HeldRun[]
  takenOver: number
  stoppedAt: number
  forMs: number
}

/** Stops a process in the middle of a run, at a random moment of it. */
async function stop ({ store: { db } }: World, worker: Worker): Promise<Zombie> {
  await until(async () => (await heldBy(db, worker.name)).length > 0, {
    limitMs: 30_000,
    everyMs: 20
  })
  await sleep(Math.random() * 300)
  worker.signal('SIGSTOP')
  const stoppedAt = performance.now()
  // What was on its way to the database has arrived by then.
  await sleep(100)
  return { worker, held: await heldBy(db, worker.name), takenOver: 0, stoppedAt, forMs: 0 }
}

function wake (zombie: Zombie): void {
  zombie.worker.signal('SIGCONT')
  zombie.forMs = performance.now() - zombie.stoppedAt
}
