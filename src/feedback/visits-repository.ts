import type { Queryable } from '../db/database.ts'
import type { ModuleVisit } from './friction.ts'

/** All SQL that writes module_visits: one row per run and module that was used. */

export interface VisitedRun {
  runId: string
  personaId: string
  personaVersion: number
  model: string | null
  promptVersion: string | null
  appVersion: string | null
}

export interface JudgedVisit extends ModuleVisit {
  walkedAway: boolean
  sayDoGap: boolean | null
}

/** A second time changes nothing: the actions of a final run do not change. */
export async function insertVisits (db: Queryable, run: VisitedRun, visits: JudgedVisit[]): Promise<void> {
  if (visits.length === 0) return
  await db.insertInto('module_visits').values(visits.map(visit => ({
    run_id: run.runId,
    module: visit.module,
    persona_id: run.personaId,
    persona_version: run.personaVersion,
    model: run.model,
    prompt_version: run.promptVersion,
    app_version: run.appVersion,
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
    say_do_gap: visit.sayDoGap
  }))).onConflict(conflict => conflict.columns(['run_id', 'module']).doNothing()).execute()
}
