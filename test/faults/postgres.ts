import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { PostgresServer } from '../helpers/postgres-server.ts'
import { service } from '../helpers/app.ts'
import { auditCalls, auditRuns } from './tools/audit.ts'
import { startFaultProxy } from './tools/fault-proxy.ts'
import { SHORT_HEARTBEAT, startFleet, type World } from './tools/fleet.ts'
import { percentile, seconds, until } from './tools/measure.ts'
import { openOwnStore, type Store } from './tools/store.ts'
import { withTeardown, type Teardown } from './tools/teardown.ts'
import { allFinal, keepBusy, startWorld } from './tools/world.ts'
import type { Report, Scenario, Size } from './scenario.ts'

const PLANS = {
  full: { processes: 3, personas: 600, restarts: 20, massacres: 20 },
  short: { processes: 2, personas: 40, restarts: 1, massacres: 1 }
}
const FIRST_CLAIM_LIMIT_MS = 5000
const HALF_OPEN_LIMIT_MS = 30_000

export const scenario: Scenario = {
  name: 'postgres',
  shows: 'restarts of the server and broken connections lose nothing and need no hand',
  async run (report, size) {
    await withTeardown(t => breakServer(t, report, size))
    await withTeardown(t => bootWithoutServer(t, report))
    if (size === 'full') await withTeardown(t => pullTheCable(t, report))
  }
}

async function breakServer (t: Teardown, report: Report, size: Size): Promise<void> {
  const plan = PLANS[size]
  const world = await startWorld(t, await openOwnStore(t), plan)
  world.app.pace = { beforeMs: 40, afterMs: 40 }
  world.model.pace = { thinkMs: 200, turns: 2 }
  const fleet = startFleet(t, world, SHORT_HEARTBEAT)
  await Promise.all(Array.from({ length: plan.processes }, () => fleet.add()))

  const claimMs: number[] = []
  const breakages = [
    ...Array(plan.restarts).fill(restart),
    ...Array(plan.massacres).fill(massacre)
  ] as typeof restart[]
  for (const breakIt of breakages) {
    await patiently(() => keepBusy(world, plan.personas / 3))
    await until(() => patiently(() => isBusy(world)), { limitMs: 30_000 })
    await sleep(Math.random() * 1000)
    await breakIt(world.store)
    claimMs.push(await firstClaim(world, Date.now()))
  }
  const slow = claimMs.filter(ms => ms > FIRST_CLAIM_LIMIT_MS)
  report.check(
    `the first run is claimed within ${seconds(FIRST_CLAIM_LIMIT_MS)} of the server's being back`,
    slow.length === 0,
    slow.map(seconds)
  )
  report.check(
    'all runs become final, with no 3 minutes in which none does',
    await allFinal(world, 180_000),
    fleet.output()
  )
  report.check(
    'no process ended',
    fleet.workers.every(({ child }) => child.exitCode === null),
    fleet.output()
  )
  await auditRuns(report, world.store.db)
  await auditCalls(report, world.store.db, world.app.calls)
  report.figure('immediate restarts', plan.restarts)
  report.figure('massacres of all connections', plan.massacres)
  report.figure('first claim p50', seconds(percentile(claimMs, 0.5)))
  report.figure('first claim max', seconds(Math.max(...claimMs)))
}

type OwnStore = Store & { server: PostgresServer }

/** As a crash would end it, with its recovery. */
function restart ({ server }: OwnStore): Promise<void> {
  return server.restart('immediate')
}

async function massacre ({ db }: OwnStore): Promise<void> {
  await patiently(() =>
    sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`
      .execute(db)
  )
}

/** Some runs are under way and others wait for a worker. */
async function isBusy ({ store: { db } }: World): Promise<boolean> {
  const { rows: [row] } = await sql<{ queued: number, begun: number }>`
    SELECT count(*) FILTER (WHERE state = 'queued')::int AS queued, count(*) FILTER (WHERE state <> 'queued')::int AS begun
    FROM runs WHERE finished_at IS NULL`.execute(db)
  return row !== undefined && row.queued > 10 && row.begun > 0
}

/** How long after this moment a worker took a run. */
async function firstClaim ({ store: { db } }: World, sinceMs: number): Promise<number> {
  let claimedAt: Date | undefined
  await until(() =>
    patiently(async () => {
      const { rows: [row] } = await sql<
        { at: Date | null }
      >`SELECT min(at) AS at FROM faults.takes WHERE at > ${new Date(sinceMs)}`.execute(db)
      claimedAt = row?.at ?? undefined
      return claimedAt !== undefined
    }), { limitMs: 60_000, everyMs: 50 })
  return claimedAt === undefined ? Infinity : claimedAt.getTime() - sinceMs
}

/** Our own connections break too. */
async function patiently<T> (ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === 20) throw error
      await sleep(100)
    }
  }
}

async function bootWithoutServer (t: Teardown, report: Report): Promise<void> {
  const { world, proxy } = await proxied(t)
  proxy.set({ kind: 'refuse' })
  const fleet = startFleet(t, world)
  const { address } = await fleet.add()
  const ready = async () => (await fetch(`${address}/ready`)).status
  report.check('without its database /ready says 503', await ready() === 503)
  report.check('and /health 200', (await fetch(`${address}/health`)).status === 200)
  proxy.set({ kind: 'none' })
  const startedAt = performance.now()
  report.check(
    'once the server is there, /ready says 200 within 10 s',
    await until(async () => await ready() === 200, { limitMs: 10_000 }),
    fleet.output()
  )
  report.figure('ready after the server came', seconds(performance.now() - startedAt))
  report.check('and a run is lived', await allLived(world))
}

async function pullTheCable (t: Teardown, report: Report): Promise<void> {
  const { world, proxy } = await proxied(t)
  const fleet = startFleet(t, world)
  const { address } = await fleet.add()
  report.check('through the proxy a run is lived', await allLived(world))
  proxy.setOpen({ kind: 'black-hole' })
  const startedAt = performance.now()
  const due = async () =>
    (await fetch(`${address}/api/v1/internal/personas/due`, { headers: service })).status
  // More than there are connections, so that some of them must go into the hole.
  const answers = await Promise.all(Array.from({ length: 20 }, due))
  const noticedMs = performance.now() - startedAt
  await until(async () => await due() === 200, { limitMs: 60_000 })
  const worksMs = performance.now() - startedAt
  report.check(
    `a half-open connection is noticed within ${seconds(HALF_OPEN_LIMIT_MS)}`,
    noticedMs <= HALF_OPEN_LIMIT_MS,
    noticedMs
  )
  report.check('and some requests were told so', answers.includes(503), answers)
  report.check('and then all works again', await due() === 200)
  report.figure('half-open: last of 20 requests answered after', seconds(noticedMs))
  report.figure('half-open: works again after', seconds(worksMs))
}

/** One persona, and a server that is reached through a proxy. */
async function proxied (t: Teardown) {
  const store = await openOwnStore(t)
  const url = new URL(store.url)
  const proxy = await startFaultProxy(t, { port: Number(url.port) })
  url.port = String(proxy.port)
  const world = await startWorld(t, store, { personas: 1 })
  return { proxy, world: { ...world, store: { ...store, url: url.href } } }
}

async function allLived (world: World): Promise<boolean> {
  const { db } = world.store
  await until(async () => (await sql`SELECT FROM runs`.execute(db)).rows.length > 0, {
    limitMs: 20_000
  })
  return await allFinal(world, 20_000)
}
