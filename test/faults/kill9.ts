import { setTimeout as sleep } from 'node:timers/promises'
import { auditCalls, auditFindings, auditRuns } from './tools/audit.ts'
import type { CountingApp } from './tools/counting-app.ts'
import { SHORT_HEARTBEAT, startFleet, type Fleet, type World } from './tools/fleet.ts'
import { percentile, seconds, until } from './tools/measure.ts'
import { openStore } from './tools/store.ts'
import { withTeardown } from './tools/teardown.ts'
import { heldBy, loseHeartbeats, takenUpAgain, type HeldRun } from './tools/watch-writes.ts'
import { allFinal, keepBusy, startWorld } from './tools/world.ts'
import type { Report, Scenario } from './scenario.ts'

interface Plan {
  name: string
  workers: number
  personas: number
  kills: number
  /** Pause between two kills. */
  everyMs: number
  heartbeat: 'short' | 'default' | 'lost at once'
  /** What 99 of 100 interrupted runs must be taken up again within. */
  recoveryLimitMs: number
}

const FULL: Plan[] = [
  {
    name: '10 s heartbeat',
    workers: 4,
    personas: 1000,
    kills: 200,
    everyMs: 1500,
    heartbeat: 'short',
    recoveryLimitMs: 25_000
  },
  {
    name: 'default heartbeat',
    workers: 4,
    personas: 200,
    kills: 20,
    everyMs: 4000,
    heartbeat: 'default',
    recoveryLimitMs: 75_000
  }
]
const SHORT: Plan[] = [
  {
    name: 'heartbeat lost at once',
    workers: 2,
    personas: 60,
    kills: 3,
    everyMs: 200,
    heartbeat: 'lost at once',
    recoveryLimitMs: 25_000
  }
]

/** Of so many calls one ends with an error of the app, so that there is something to find. */
const FAULT_EVERY = 5

export const scenario: Scenario = {
  name: 'kill9',
  shows:
    'kill -9 in the middle of runs loses no row, doubles none, repeats no effect, and every run becomes final',
  async run (report, size) {
    for (const plan of size === 'full' ? FULL : SHORT) {
      await withTeardown(t => play(t, report, plan))
    }
  }
}

async function play (
  t: Parameters<typeof openStore>[0],
  report: Report,
  plan: Plan
): Promise<void> {
  const world = await startWorld(t, await openStore(t), plan)
  world.app.pace = { beforeMs: 60, afterMs: 60 }
  world.model.pace = { thinkMs: 250, turns: 2 }
  let called = 0
  world.app.fault = method =>
    method === 'tools/call' && ++called % FAULT_EVERY === 0
      ? { kind: 'tool-error', after: true }
      : null
  const fleet = startFleet(t, world, plan.heartbeat === 'short' ? SHORT_HEARTBEAT : {})
  await Promise.all(Array.from({ length: plan.workers }, () => fleet.add()))

  const killed: Killed[] = []
  for (let i = 0; i < plan.kills; i++) {
    await keepBusy(world, plan.personas / 10)
    killed.push(await killOne(world, fleet, i % 2 === 0))
    if (plan.heartbeat === 'lost at once') {
      await loseHeartbeats(world.store.db, killed.at(-1)?.held ?? [])
    }
    await sleep(plan.everyMs)
  }
  report.check(
    `${plan.kills} processes were killed in the middle of runs (${plan.name})`,
    killed.every(({ held }) => held.length > 0)
  )
  report.check(
    'all runs become final after the last kill, with no 3 minutes in which none does',
    await allFinal(world, 180_000),
    fleet.output()
  )

  const recoveryMs = await recoveries(world, killed)
  const p99 = percentile(recoveryMs, 0.99)
  report.check(
    `99 of 100 interrupted runs go on within ${seconds(plan.recoveryLimitMs)}`,
    p99 <= plan.recoveryLimitMs,
    `p99 ${seconds(p99)}`
  )
  await auditRuns(report, world.store.db)
  await auditCalls(report, world.store.db, world.app.calls, { interrupted: true })
  await auditFindings(report, world.store.db)
  report.check(
    'the model was never sent a history that the real one refuses',
    world.model.refusals.length === 0,
    world.model.refusals.slice(0, 3)
  )
  report.figure('kills', killed.length)
  report.figure('interrupted runs', recoveryMs.length)
  report.figure('recovery p50', seconds(percentile(recoveryMs, 0.5)))
  report.figure('recovery p99', seconds(p99))
  report.figure('recovery max', seconds(Math.max(...recoveryMs)))
}

interface Killed {
  atMs: number
  held: HeldRun[]
}

/**
 * Kills the first process that is found in the middle of a run, or of a call, and starts another in
 * its place.
 */
async function killOne (world: World, fleet: Fleet, inCall: boolean): Promise<Killed> {
  const { db } = world.store
  // A call that arrives from now on is not answered before the kill, however busy the machine is.
  const hold = Promise.withResolvers<void>()
  const heldFrom = world.app.calls.length
  if (inCall) world.app.held = hold.promise
  let victim = fleet.workers[0]
  await until(async () => {
    victim = fleet.workers[Math.floor(Math.random() * fleet.workers.length)]
    if (victim === undefined) return false
    return inCall
      ? isCalling(world.app, victim.name, heldFrom)
      : (await heldBy(db, victim.name)).length > 0
  }, { limitMs: 30_000, everyMs: 10 })
  if (victim === undefined) throw new Error('no process is left to kill')
  fleet.remove(victim)
  victim.signal('SIGKILL')
  const atMs = Date.now()
  await victim.ended
  world.app.held = undefined
  hold.resolve()
  // A process that is killed while it starts says so on the next look; here none is.
  fleet.add().catch(() => {})
  return { atMs, held: await heldBy(db, victim.name) }
}

function isCalling ({ calls }: CountingApp, worker: string, from: number): boolean {
  return calls.slice(from).some(call =>
    call.worker === worker && call.answer === 'open' && call.tool === 'ledger.add'
  )
}

/** How long after its kill each interrupted run was taken up again. */
async function recoveries ({ store: { db } }: World, killed: Killed[]): Promise<number[]> {
  const all: number[] = []
  for (const { atMs, held } of killed) {
    const again = await takenUpAgain(db, held)
    for (const { runId } of held) all.push((again.get(runId) ?? Infinity) - atMs)
  }
  return all
}
