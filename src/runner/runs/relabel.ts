import { sql } from 'kysely'
import { slowMsOf } from '../../analysis/feedback/friction.ts'
import { listRunFeedback } from '../../analysis/feedback/repository.ts'
import { insertedVisits, takeVisits } from '../../analysis/feedback/visits-repository.ts'
import { forgetRun } from '../../analysis/insights/folds.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { ActionRow } from '../../platform/db/tables.ts'
import { readModules, storeKnownModules } from '../actions/known-tools.ts'
import {
  countLabels,
  listRunActions,
  relabelActions,
  ticksWithLabels
} from '../actions/repository.ts'
import type { ModuleOf } from '../modules/modules-of.ts'
import { idlePatterns, type ModuleRules } from '../modules/rules.ts'
import { judgeRenamed, toFrictionAction } from './judge-visits.ts'
import { writeForEnded } from './repository.ts'
import { recordedCall } from './run-record.ts'

/** The modules of an app, given to what its runs left behind (docs/decisions/014). */

interface RelabelledTool {
  tool: string
  from: string
  to: string
  calls: number
  runs: number
}

interface RelabelPlan {
  changes: RelabelledTool[]
  /** Patterns of the rules that cover no tool. */
  idle: string[]
}

/** What a relabelling would change. */
export async function planRelabel (
  db: Queryable,
  app: string,
  rules: ModuleRules
): Promise<RelabelPlan> {
  const { tools, moduleOf } = await readModules(db, app, rules)
  const labels = await countLabels(db, app)
  const changes = labels.map(({ module: from, ...label }) => ({
    ...label,
    from,
    to: moduleOf(label.tool)
  }))
  return {
    changes: changes.filter(({ from, to }) => from !== to),
    idle: idlePatterns(rules, [...new Set([...tools, ...labels.map(({ tool }) => tool)])])
  }
}

/**
 * Each run by a transaction of its own: stopped in the middle, it goes on with the others when it
 * is called again. Runs that are open keep their modules.
 * @param onRun told after each run how many are done, and of how many
 * @returns how many runs were relabelled
 */
export async function relabelRuns (
  db: Queryable,
  app: string,
  rules: ModuleRules,
  onRun: (done: number, of: number) => void
): Promise<number> {
  const { moduleOf, news } = await readModules(db, app, rules)
  await storeKnownModules(db, app, news)
  const { changes } = await planRelabel(db, app, rules)
  const old = changes.map(({ tool, from }) => ({ tool, module: from }))
  const ticks = await ticksWithLabels(db, app, old)
  let done = 0
  for (const tickId of ticks) {
    await db.transaction().execute(trx => relabelRun(trx, tickId, moduleOf))
    onRun(++done, ticks.length)
  }
  return done
}

async function relabelRun (trx: Queryable, tickId: string, moduleOf: ModuleOf): Promise<void> {
  const end = await lockEnd(trx, tickId)
  const rows = await listRunActions(trx, tickId)
  const tools = [...new Set(rows.map(row => row.tool_name))]
  await relabelActions(trx, tickId, tools.map(tool => ({ tool, module: moduleOf(tool) })))
  if (end !== null) await rebuildVisits(trx, tickId, rows, { moduleOf, over: end.over ?? [] })
  await forgetRun(trx, tickId)
}

/**
 * The run before the persona, as its deletion does: else the two could wait for each other.
 * @returns null: another runner's tick, which has no run
 */
async function lockEnd (trx: Queryable, tickId: string): Promise<{ over: number[] | null } | null> {
  const { rows } = await sql<{ over: number[] | null }>`
    SELECT walked_away_over AS over FROM runs WHERE id = ${tickId} FOR UPDATE`.execute(trx)
  await sql`SELECT FROM personas WHERE id IN (SELECT persona_id FROM persona_actions WHERE tick_id = ${tickId})
    ORDER BY id FOR KEY SHARE`.execute(trx)
  return rows[0] ?? null
}

async function rebuildVisits (
  trx: Queryable,
  runId: string,
  rows: ActionRow[],
  { moduleOf, over }: { moduleOf: ModuleOf, over: number[] }
): Promise<void> {
  const before = await takeVisits(trx, runId)
  if (before === undefined) return
  const calls = rows.map(row => ({
    ...toFrictionAction(recordedCall(row)),
    inputHash: row.input_hash,
    module: moduleOf(row.tool_name),
    told: row.told_module ?? row.module
  }))
  const visits = judgeRenamed(calls, await listRunFeedback(trx, runId), {
    over,
    slowMs: slowMsOf(calls, before.slowCalls)
  })
  const kept = visits.map(visit => ({ ...visit, createdAt: before.createdAt }))
  await writeForEnded(trx, runId, [insertedVisits(kept)])
}
