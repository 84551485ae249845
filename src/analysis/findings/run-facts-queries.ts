import { sql } from 'kysely'
import { CALL_INPUT } from '../../platform/db/call-input.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { slowMsFor } from '../feedback/slowness.ts'
import type { CallFacts, RatingFacts, RunFacts } from './run-facts.ts'

/** Reads what is stored of ended runs. */

/** A longer result is cut; what does not parse any more shows no silent fault. */
const MAX_RESULT_CHARS = 20_000

interface RunRow {
  run_id: string
  app: string
  persona_id: string
  app_version: string | null
  ended_at: Date
  patience: number
  walked_away_over: number[] | null
  gaps: string[] | null
}

/** In the order of the ids. A run that is gone or not over is left out. */
export async function readRunFacts (db: Queryable, ids: readonly string[]): Promise<RunFacts[]> {
  const { rows } = await sql<RunRow>`
    SELECT r.id AS run_id, r.app, r.persona_id, r.app_version, r.finished_at AS ended_at,
           p.patience, r.walked_away_over,
           (SELECT array_agg(v.module ORDER BY v.module) FROM module_visits v
            WHERE v.run_id = r.id AND v.say_do_gap) AS gaps
    FROM runs r JOIN personas p ON p.id = r.persona_id
    WHERE r.id = ANY(${ids}::text[]) AND r.finished_at IS NOT NULL`.execute(db)
  const calls = await readCalls(db, ids)
  const ratings = await readRatings(db, ids)
  const incidents = await readIncidents(db, ids)
  const byId = new Map(rows.map(row => [row.run_id, row]))
  return ids.flatMap(id => {
    const row = byId.get(id)
    if (row === undefined) return []
    return [{
      ...toFacts(row),
      calls: calls.get(id) ?? [],
      ratings: ratings.get(id) ?? [],
      incidents: incidents.get(id) ?? []
    }]
  })
}

function toFacts (row: RunRow): Omit<RunFacts, 'calls' | 'ratings' | 'incidents'> {
  return {
    runId: row.run_id,
    app: row.app,
    personaId: row.persona_id,
    appVersion: row.app_version,
    endedAt: row.ended_at,
    slowMs: slowMsFor(row.patience),
    walkedAwayOver: row.walked_away_over ?? [],
    gaps: row.gaps ?? []
  }
}

type OfRun<T> = T & { runId: string }

function byRun<T> (rows: OfRun<T>[]): Map<string, OfRun<T>[]> {
  return Map.groupBy(rows, row => row.runId)
}

async function readCalls (db: Queryable, ids: readonly string[]) {
  const { rows } = await sql<OfRun<CallFacts>>`
    SELECT a.tick_id AS "runId", a.ordinal + 1 AS number, a.tool_name AS tool, a.module, a.result,
           a.blame, a.error_message AS "errorMessage", a.latency_ms AS "latencyMs",
           a.created_at AS at, left(coalesce(a.result_text, ''), ${MAX_RESULT_CHARS}) AS "resultText",
           ${CALL_INPUT} AS input
    FROM persona_actions a WHERE a.tick_id = ANY(${ids}::text[])
    ORDER BY a.tick_id, a.ordinal, a.id`.execute(db)
  return byRun(rows)
}

async function readRatings (db: Queryable, ids: readonly string[]) {
  const { rows } = await sql<OfRun<RatingFacts>>`
    SELECT f.tick_id AS "runId", f.module, f.rating,
           coalesce((SELECT array_agg((c ->> 'action')::int) FROM jsonb_array_elements(f.evidence) c
                     WHERE c ->> 'action' IS NOT NULL), '{}') AS cites
    FROM persona_feedback f
    WHERE f.tick_id = ANY(${ids}::text[]) AND f.grounded AND f.rating IS NOT NULL
    ORDER BY f.tick_id, f.module`.execute(db)
  return byRun(rows)
}

async function readIncidents (db: Queryable, ids: readonly string[]) {
  const { rows } = await sql<OfRun<RunFacts['incidents'][number]>>`
    SELECT run_id AS "runId", kind, ordinal + 1 AS number FROM incidents
    WHERE run_id = ANY(${ids}::text[]) ORDER BY run_id, ordinal, kind`.execute(db)
  return byRun(rows)
}
