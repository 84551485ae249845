import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { RunRow } from '../../platform/db/tables.ts'
import { nextDueAt } from './next-due.ts'

/** All SQL of the overview, besides what the insights answer. */

interface RunningNow {
  runId: string
  personaId: string
  name: string
  archetype: string
  phase: 'acting' | 'reflecting'
  startedAt: Date
  turns: number
  actions: number
  /** What it calls at this moment; null: it is thinking. */
  tool: string | null
  /** Since when it calls, or since its last call ended, or since it began. */
  doingSince: Date
}

const SHOWN = 24

/** Who lives a day at this moment in any process, longest first. */
export async function readRunning (
  db: Queryable
): Promise<{ running: RunningNow[], total: number }> {
  const { rows } = await sql<RunningNow & { total: number }>`
    SELECT r.id AS "runId", r.persona_id AS "personaId", p.name, p.archetype, r.state AS phase, r.started_at AS "startedAt", r.turns,
           coalesce(a.ordinal + 1, 0) AS actions, CASE WHEN a.result = 'started' THEN a.tool_name END AS tool,
           coalesce(a.finished_at, a.created_at, r.started_at) AS "doingSince", r.total
    FROM (
      SELECT *, count(*) OVER ()::int AS total FROM runs
      WHERE finished_at IS NULL AND state IN ('acting', 'reflecting') AND deferred_until IS NULL ORDER BY started_at, id LIMIT ${SHOWN}
    ) AS r
    JOIN personas p ON p.id = r.persona_id
    LEFT JOIN LATERAL (
      SELECT ordinal, tool_name, result, created_at, finished_at FROM persona_actions WHERE tick_id = r.id ORDER BY ordinal DESC LIMIT 1
    ) AS a ON true
    ORDER BY r.started_at, r.id`.execute(db)
  return { running: rows, total: rows[0]?.total ?? 0 }
}

interface NextDue {
  personaId: string
  name: string
  archetype: string
  dueAt: Date
  isDue: boolean
}

const NEXT = 5
/**
 * Of each cadence those who have waited longest; who backs off after a failure may come later than
 * those behind it.
 */
const CANDIDATES = 20

export async function readNextDue (db: Queryable): Promise<NextDue[]> {
  const arm = (cadence: string) =>
    sql`(
    SELECT id FROM personas WHERE cadence = ${
      sql.lit(cadence)
    } AND NOT paused ORDER BY last_active_at NULLS FIRST, id LIMIT ${CANDIDATES})`
  const { rows } = await sql<NextDue>`
    SELECT p.id AS "personaId", p.name, p.archetype, due.at AS "dueAt", due.at <= now() AS "isDue"
    FROM personas p CROSS JOIN LATERAL (SELECT ${nextDueAt} AS at) AS due
    WHERE due.at IS NOT NULL AND p.id IN (${arm('hourly')} UNION ALL ${arm('daily')} UNION ALL ${
    arm('weekdays')
  })
    ORDER BY due.at, p.name, p.id LIMIT ${NEXT}`.execute(db)
  return rows
}

interface Recently {
  /** Runs by state that were opened within the last 24 hours. */
  states: Record<RunRow['state'], number>
  runs: number
  tokens: { input: number, cacheRead: number, output: number }
  /** Null: nobody knows the price. */
  usd: number | null
  /** Open runs that wait for a service that is out of order. */
  deferred: number
}

/** The last 24 hours, because a day begins at another hour for each reader. */
export async function readRecently (db: Queryable): Promise<Recently> {
  const { rows } = await sql<
    {
      state: RunRow['state']
      n: number
      input: number
      cache_read: number
      output: number
      usd: number | null
      deferred: number
    }
  >`
    SELECT state, count(*)::int AS n, sum(input_tokens + cache_write_tokens)::float8 AS input,
           sum(cache_read_tokens)::float8 AS cache_read, sum(output_tokens)::float8 AS output,
           sum(usd)::float8 AS usd, (count(*) FILTER (WHERE finished_at IS NULL AND deferred_until IS NOT NULL))::int AS deferred
    FROM runs WHERE queued_at > now() - interval '24 hours' GROUP BY state`.execute(db)
  const states: Recently['states'] = {
    queued: 0,
    acting: 0,
    reflecting: 0,
    completed: 0,
    incomplete: 0,
    failed: 0,
    abandoned: 0
  }
  for (const row of rows) states[row.state] = row.n
  const sum = (value: (row: typeof rows[number]) => number) =>
    rows.reduce((all, row) => all + value(row), 0)
  return {
    states,
    runs: sum(row => row.n),
    tokens: {
      input: sum(row => row.input),
      cacheRead: sum(row => row.cache_read),
      output: sum(row => row.output)
    },
    usd: rows.every(row => row.usd === null) ? null : sum(row => row.usd ?? 0),
    deferred: sum(row => row.deferred)
  }
}

/** Whether there is anything at all yet. */
export async function readBeginnings (
  db: Queryable
): Promise<{ personas: boolean, awake: boolean, runs: boolean }> {
  const { rows: [row] } = await sql<{ personas: boolean, awake: boolean, runs: boolean }>`
    SELECT EXISTS (SELECT FROM personas) AS personas, EXISTS (SELECT FROM personas WHERE NOT paused) AS awake,
           EXISTS (SELECT FROM runs) AS runs`.execute(db)
  return row ?? { personas: false, awake: false, runs: false }
}
