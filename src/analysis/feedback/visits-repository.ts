import { sql, type RawBuilder } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { ModuleVisit } from './friction.ts'

/** All SQL that writes module_visits: one row per run and module that was used. */

export interface JudgedVisit extends ModuleVisit {
  walkedAway: boolean
  sayDoGap: boolean | null
  /** The module of the rating that belongs to it; null: its own; empty: none does. */
  ratedAs?: string | null
  /** Undefined: now. */
  createdAt?: string
}

/**
 * Part of a statement that begins with the held run (`writeHeld` in runner/runs/repository.ts). A
 * second time changes nothing: the actions of a final run do not change.
 */
export function insertedVisits (visits: JudgedVisit[]): RawBuilder<unknown> {
  const rows = visits.map(visit => ({
    module: visit.module,
    calls: visit.calls,
    app_errors: visit.appErrors,
    persona_errors: visit.personaErrors,
    model_errors: visit.modelErrors,
    account_errors: visit.accountErrors,
    harness_errors: visit.harnessErrors,
    repeats: visit.repeats,
    repair_loops: visit.repairLoops,
    slow_calls: visit.slowCalls,
    unknown_calls: visit.unknownCalls,
    latency_ms_sum: visit.latencyMsSum,
    friction: visit.friction,
    walked_away: visit.walkedAway,
    say_do_gap: visit.sayDoGap,
    rated_as: visit.ratedAs ?? null,
    created_at: visit.createdAt
  }))
  return sql`visits AS (INSERT INTO module_visits (run_id, persona_id, persona_version, model, prompt_version, app_version, ${JUDGED}, created_at)
    SELECT held.id, held.persona_id, held.persona_version, held.model, held.prompt_version, held.app_version, ${JUDGED_OF_VISIT}, coalesce(visit.created_at, now())
    FROM held, jsonb_populate_recordset(NULL::module_visits, ${
    JSON.stringify(rows)
  }::jsonb) AS visit ON CONFLICT (run_id, module) DO NOTHING)`
}

const COLUMNS = [
  'module',
  'calls',
  'app_errors',
  'persona_errors',
  'model_errors',
  'account_errors',
  'harness_errors',
  'repeats',
  'repair_loops',
  'slow_calls',
  'unknown_calls',
  'latency_ms_sum',
  'friction',
  'walked_away',
  'say_do_gap',
  'rated_as'
]
const JUDGED = sql.raw(COLUMNS.join(', '))
const JUDGED_OF_VISIT = sql.raw(COLUMNS.map(column => `visit.${column}`).join(', '))

interface TakenVisits {
  /** As text: a `Date` would cut microseconds off. */
  createdAt: string
  slowCalls: number
}

/**
 * Takes a run's visits away, for others in their place.
 * @returns what cannot be judged again; undefined: there were none
 */
export async function takeVisits (
  trx: Queryable,
  runId: string
): Promise<TakenVisits | undefined> {
  const { rows } = await sql<TakenVisits>`
    WITH gone AS (DELETE FROM module_visits WHERE run_id = ${runId} RETURNING created_at, slow_calls)
    SELECT min(created_at)::text AS "createdAt", sum(slow_calls)::int AS "slowCalls" FROM gone HAVING count(*) > 0`
    .execute(trx)
  return rows[0]
}
