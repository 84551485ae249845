import { sql } from 'kysely'
import { Agent, request } from 'undici'
import { openDatabase, type Queryable } from '../src/platform/db/database.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { appendActions } from '../src/runner/actions/repository.ts'
import { activePersona } from '../src/personas/repository.ts'
import type { Bench, BenchReport } from './bench.ts'
import { spreadOf, timed } from './measure.ts'
import { createDatabase, withPostgres, withUnlimited } from './postgres.ts'
import { SERVICE, startServer, type ServerProcess } from './server.ts'

/** Each arm writes so many rows in a round; rounds take turns. */
const ROWS_A_ROUND = { 500: 50_000, 8: 8_000 }
const ROUNDS = 5

export const bench: Bench = {
  name: 'ingest',
  shows:
    'batches of actions over HTTP, beside their statement alone, a bare unnest and multi-row VALUES',
  async run (report, { quick }) {
    await withPostgres(async serverUrl => {
      const url = await createDatabase(serverUrl, 'ingest')
      await withUnlimited(url, async db => {
        await migrate(db)
      })
      const { db, close } = await openDatabase({
        url,
        dataDir: '',
        poolSize: 50,
        onError: () => {}
      })
      const { rows: personas } = await sql<{ id: string }>`
        INSERT INTO personas (email, name, archetype, system_prompt, cadence)
        SELECT 'p' || n || '@personas.test', 'P', 'k', '', 'daily' FROM generate_series(1, 50) n RETURNING id`
        .execute(db)
      const ids = personas.map(({ id }) => id)
      const server = await startServer({ DATABASE_URL: url, DATABASE_POOL: '10' })
      try {
        for (const size of [500, 8] as const) {
          for (const connections of quick ? [10] : [1, 10, 50]) {
            await measure(report, { server, db, personas: ids, size, connections })
          }
        }
      } finally {
        await server.stop()
        await close()
      }
    })
  }
}

interface Arm {
  server: ServerProcess
  db: Queryable
  /** Each connection has its own, as each run has. */
  personas: string[]
  size: 500 | 8
  connections: number
}

async function measure (report: BenchReport, arm: Arm): Promise<void> {
  const { server, db, personas, size, connections } = arm
  const batches = ROWS_A_ROUND[size] / size
  const all = async (write: Write) => {
    let left = batches
    await Promise.all(
      personas.slice(0, connections).map(async id => {
        while (left-- > 0) await write(id, batchOf(size))
      })
    )
  }
  const arms: Record<string, Write> = {
    'over HTTP': (id, actions) => post(server, id, actions),
    'our statement alone': (id, actions) =>
      appendActions(db, { personaId: id, active: activePersona(id), actions }),
    'bare unnest alone': (id, actions) => insertBare(db, id, actions),
    'multi-row VALUES alone': (id, actions) => insertValues(db, id, actions)
  }
  const rates = new Map<string, number[]>()
  const cpu: number[] = []
  for (const write of Object.values(arms)) await write(personas[0] ?? '', batchOf(size))
  for (let i = 0; i < ROUNDS; i++) {
    for (const [name, write] of Object.entries(arms)) {
      const before = server.cpuMs()
      const ms = await timed(() => all(write))
      if (name === 'over HTTP') cpu.push((server.cpuMs() - before) / batches)
      rates.set(name, [...rates.get(name) ?? [], batches / ms * 1000])
    }
  }
  const what = `${size} rows, ${connections} connection(s)`
  for (const [name, values] of rates) report.row(`${what}: ${name}, batches/s`, rateCells(values))
  report.row(`${what}: our CPU, ms/batch`, rateCells(cpu))
  const [ours, alone] = [median(rates.get('over HTTP')), median(rates.get('our statement alone'))]
  if (size === 500 && connections === 10) {
    report.check('500 rows: at most 3.5 ms of our CPU', median(cpu) <= 3.5)
    report.check('500 rows: at least 0.8 of our statement alone', ours >= 0.8 * alone)
  }
  if (size === 8 && connections === 10) {
    report.check('8 rows: at least 1,200 requests a second', ours >= 1200)
  }
}

type Write = (personaId: string, actions: Sent[]) => Promise<unknown>
interface Sent {
  tickId: string
  toolName: string
  inputHash: string
  result: 'ok'
  latencyMs: number
}

let ticks = 0
function batchOf (size: number): Sent[] {
  const tickId = `tick-${process.pid}-${ticks++}`
  return Array.from(
    { length: size },
    (_, i) => ({
      tickId,
      toolName: `todo.tool${i % 30}`,
      inputHash: 'a'.repeat(64),
      result: 'ok' as const,
      latencyMs: i
    })
  )
}

/** Not by `fetch`, which takes more of the two cores than what is measured. */
const agent = new Agent()

async function post (server: ServerProcess, personaId: string, actions: Sent[]): Promise<void> {
  const { statusCode, body } = await request(
    `${server.url}/api/v1/internal/personas/${personaId}/actions`,
    {
      dispatcher: agent,
      method: 'POST',
      headers: { ...SERVICE, 'content-type': 'application/json' },
      body: JSON.stringify({ actions })
    }
  )
  const answer = await body.text()
  if (statusCode !== 200) throw new Error(answer)
}

/**
 * One statement that knows nothing of retries and of who was active, not prepared and with arrays
 * as the driver writes them.
 */
async function insertBare (db: Queryable, personaId: string, actions: Sent[]): Promise<void> {
  await sql`
    INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, input_hash, result, latency_ms, finished_at)
    SELECT id, ${personaId}::uuid, tick_id, ordinal, tool_name, 'todo', input_hash, result, latency_ms, now() FROM unnest(
      ${actions.map((a, i) => `${a.tickId}-${i}-${a.toolName}`)}::text[], ${
    actions.map(a => a.tickId)
  }::text[], ${actions.map((_, i) => i)}::int[],
      ${actions.map(a => a.toolName)}::text[], ${actions.map(a => a.inputHash)}::text[], ${
    actions.map(a => a.result)
  }::text[],
      ${actions.map(a => a.latencyMs)}::int[]
    ) AS sent (id, tick_id, ordinal, tool_name, input_hash, result, latency_ms) ON CONFLICT (id) DO NOTHING`
    .execute(db)
}

/** As a query builder writes it by itself. */
async function insertValues (db: Queryable, personaId: string, actions: Sent[]): Promise<void> {
  await db.insertInto('persona_actions').values(actions.map((action, ordinal) => ({
    id: `${action.tickId}-${ordinal}-${action.toolName}`,
    persona_id: personaId,
    tick_id: action.tickId,
    ordinal,
    tool_name: action.toolName,
    module: 'todo',
    input_hash: action.inputHash,
    result: action.result,
    latency_ms: action.latencyMs
  }))).onConflict(conflict => conflict.column('id').doNothing()).execute()
}

const median = (values: number[] = []) => spreadOf(values).median
const rateCells = (values: number[]) => {
  const { min, median, max, n } = spreadOf(values)
  return { min, median, max, n }
}
