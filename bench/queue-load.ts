import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openDatabase, type OpenDatabase } from '../src/platform/db/database.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { createQueue, type RunQueue } from '../src/runner/runs/queue.ts'
import { startPostgres } from '../test/helpers/postgres-server.ts'

/**
 * What N replicas cost a Postgres by being there, and how soon a run is taken. One process stands
 * for all of them: N queues as in production, each with a connection of its own, whose runs are
 * over at once. `node bench/queue-load.ts [replicas …]`, by default 1, 10 and 100.
 */

const IDLE_MS = 20_000
const RUNS = 400
const CONCURRENCY = 2

interface Figures {
  replicas: number
  idleStatementsPerSecond: number
  idlePostgresCpuPercent: number
  firstTakenMs: number
  runsPerSecond: number
}

const server = await startPostgres()
try {
  const asked = process.argv.slice(2).map(Number)
  const all: Figures[] = []
  for (const replicas of asked.length > 0 ? asked : [1, 10, 100]) all.push(await measure(replicas))
  console.table(all)
  console.log(JSON.stringify(all))
} finally {
  await server.stop('immediate')
}

async function measure (replicas: number): Promise<Figures> {
  const name = `load_${replicas}`
  await onServer(server.url, `CREATE DATABASE ${name}`)
  const url = new URL(server.url)
  url.pathname = `/${name}`
  const open = (poolSize: number) =>
    openDatabase({ url: url.href, dataDir: '', poolSize, onError: () => {} })
  const main = await open(4)
  await migrate(main.db)

  const waiting = new Map<string, number>()
  const took: number[] = []
  const databases: OpenDatabase[] = []
  const queues: RunQueue[] = []
  for (let i = 0; i < replicas; i++) {
    const database = await open(1)
    const queue = createQueue({
      database,
      runTimeoutMs: 60_000,
      heartbeatSeconds: 60,
      onError: error => console.error(error.message)
    })
    await queue.start()
    await queue.work(CONCURRENCY, async runId => {
      const since = waiting.get(runId)
      if (since !== undefined) took.push(performance.now() - since)
    }, async () => {})
    databases.push(database)
    queues.push(queue)
  }
  await sleep(5000)

  const postmaster = await postmasterOf(main.executeSql)
  const before = {
    statements: await transactions(main.executeSql, name),
    cpuMs: postgresCpuMs(postmaster)
  }
  await sleep(IDLE_MS)
  const statements = await transactions(main.executeSql, name) - before.statements
  const cpuMs = postgresCpuMs(postmaster) - before.cpuMs

  const enqueue = async (n: number) => {
    const runs = Array.from({ length: n }, (_, i) => ({ runId: `run-${performance.now()}-${i}` }))
    for (const { runId } of runs) waiting.set(runId, performance.now())
    await main.db.transaction().execute(trx => queues[0]?.enqueue(trx, runs) ?? Promise.resolve())
  }
  const firsts: number[] = []
  for (let i = 0; i < 20; i++) {
    took.length = 0
    await enqueue(1)
    while (took.length === 0) await sleep(5)
    firsts.push(took[0] ?? 0)
  }
  took.length = 0
  const startedAt = performance.now()
  await enqueue(RUNS)
  while (took.length < RUNS) await sleep(20)
  const seconds = (performance.now() - startedAt) / 1000

  await Promise.all(queues.map(queue => queue.stop(2000)))
  await Promise.all(databases.map(database => database.close()))
  await main.close()
  return {
    replicas,
    idleStatementsPerSecond: round(statements / IDLE_MS * 1000),
    idlePostgresCpuPercent: round(cpuMs / IDLE_MS * 100),
    firstTakenMs: Math.round(median(firsts)),
    runsPerSecond: round(RUNS / seconds)
  }
}

/**
 * Each statement outside a transaction is one. Postgres counts them with up to a second of delay.
 */
async function transactions (
  executeSql: OpenDatabase['executeSql'],
  name: string
): Promise<number> {
  const { rows: [row] } = await executeSql(
    `SELECT xact_commit::float8 AS n FROM pg_stat_database WHERE datname = '${name}'`
  )
  return (row as { n: number }).n
}

/**
 * CPU time of all processes of our server, of user and system, in milliseconds; the clock tick of
 * Linux is 10 ms.
 */
function postgresCpuMs (postmaster: number): number {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(statOf)
    .filter(stat => stat !== undefined && (stat.pid === postmaster || stat.parent === postmaster))
    .reduce((sum, stat) => sum + (stat?.cpuMs ?? 0), 0)
}

function statOf (pid: string): { pid: number, parent: number, cpuMs: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // Of its own and of the children that have ended.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    return { pid: Number(pid), parent: Number(fields[1]), cpuMs: ticks * 10 }
  } catch {
    return undefined
  }
}

async function postmasterOf (executeSql: OpenDatabase['executeSql']): Promise<number> {
  const { rows: [row] } = await executeSql('SELECT pg_backend_pid() AS pid')
  return statOf(String((row as { pid: number }).pid))?.parent ?? 0
}

async function onServer (url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}

function round (value: number): number {
  return Math.round(value * 10) / 10
}

function median (values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
