import { sql } from 'kysely'
import { countWork } from '../../../src/analysis/findings/sightings-repository.ts'
import type { Queryable } from '../../../src/platform/db/database.ts'
import type { Report } from '../scenario.ts'
import { until } from './measure.ts'
import type { SeenCall } from './counting-app.ts'

/** A call that was sent just before its run ended may be noticed by a busy app so much later. */
const ON_THE_WAY_MS = 2000

/** One call that a journaled message asks for, with the row that was made of it. */
interface JournaledCall {
  runId: string
  runState: string
  toolName: string | null
  token: string
  /** Null: no row. */
  result: string | null
  finishedAt: Date | null
  rows: number
}

/**
 * Holds the journal against what the app saw. Call it when all runs are final.
 * @param options.interrupted true: calls must have been interrupted, else the scenario showed
 *   nothing
 */
export async function auditCalls (
  report: Report,
  db: Queryable,
  seen: SeenCall[],
  { interrupted = false } = {}
): Promise<void> {
  const journaled = await journaledCalls(db)
  const byToken = new Map(journaled.map(call => [call.token, call]))
  const adds = groupByToken(seen.filter(call => call.tool === 'ledger.add'))

  // A run that was given up may hold calls that were never begun; in all others each has its row.
  const reached = new Set(seen.map(call => call.token))
  const lost = journaled.filter(call =>
    call.rows === 0 && (reached.has(call.token) || call.runState === 'completed')
  )
  report.check('no action row is lost', lost.length === 0, lost.slice(0, 3))
  report.check(
    'no action row is doubled',
    journaled.every(call => call.rows <= 1) && await countDoubledPlaces(db) === 0
  )
  report.check(
    'nothing reached the app that was not journaled first',
    [...reached].every(token => byToken.has(token))
  )

  const repeated = [...adds].filter(([, calls]) => calls.length > 1)
  report.check(
    'no call of a tool that is not repeatable reached the app twice',
    repeated.length === 0,
    repeated.slice(0, 3)
  )
  const notDone = journaled.filter(call =>
    call.toolName === 'ledger.add' && call.result === 'ok' && adds.get(call.token)?.[0]?.acted !== 1
  )
  report.check(
    'every row that says ok had its effect once',
    notDone.length === 0,
    notDone.slice(0, 3)
  )

  const cut = seen.filter(call => call.tool === 'ledger.add' && call.answer === 'cut')
  if (interrupted) report.check('calls were interrupted before their answer', cut.length > 0)
  const notUnknown = cut.map(call => byToken.get(call.token)).filter(call =>
    call?.result !== 'unknown'
  )
  report.check(
    'every call that was interrupted before its answer is unknown',
    notUnknown.length === 0,
    notUnknown.slice(0, 3)
  )
  const late = seen.filter(call => lateBy(call, byToken.get(call.token)) > ON_THE_WAY_MS)
  report.check('no call was sent after its row was closed', late.length === 0, late.slice(0, 3))

  report.figure('calls that reached the app', seen.length)
  report.figure(
    'calls interrupted before their answer',
    seen.filter(call => call.answer === 'cut').length
  )
  report.figure('rows that say unknown', journaled.filter(call => call.result === 'unknown').length)
}

export async function auditRuns (report: Report, db: Queryable): Promise<void> {
  const { rows: states } = await sql<{ state: string, n: number }>`
    SELECT state, count(*)::int AS n FROM runs GROUP BY state ORDER BY n DESC`.execute(db)
  const { rows: [left] } = await sql<{ runs: number, actions: number }>`
    SELECT (SELECT count(*) FROM runs WHERE finished_at IS NULL)::int AS runs,
           (SELECT count(*) FROM persona_actions WHERE result = 'started')::int AS actions`.execute(
    db
  )
  report.check('every run is final', left?.runs === 0, left)
  report.check('no call is left open', left?.actions === 0, left)
  report.figure('runs', states.map(row => `${row.n} ${row.state}`).join(', '))
}

async function journaledCalls (db: Queryable): Promise<JournaledCall[]> {
  const { rows } = await sql<JournaledCall>`
    SELECT m.run_id AS "runId", r.state AS "runState", max(a.tool_name) AS "toolName", b -> 'input' ->> 'token' AS token,
           max(a.result) AS result, max(a.finished_at) AS "finishedAt", count(a.id)::int AS rows
    FROM messages m JOIN runs r ON r.id = m.run_id CROSS JOIN LATERAL jsonb_array_elements(m.content) b
    LEFT JOIN persona_actions a ON a.tick_id = m.run_id AND a.tool_use_id = b ->> 'id'
    WHERE m.role = 'assistant' AND m.phase = 'acting' AND m.stop_reason = 'tool_use' AND b ->> 'type' = 'tool_use'
    GROUP BY m.run_id, r.state, m.seq, b`.execute(db)
  return rows
}

/** Rows of one run that claim the same place. */
async function countDoubledPlaces (db: Queryable): Promise<number> {
  const { rows } =
    await sql`SELECT FROM persona_actions GROUP BY tick_id, ordinal HAVING count(*) > 1`.execute(db)
  return rows.length
}

function lateBy (call: SeenCall, row: JournaledCall | undefined): number {
  return row?.finishedAt == null ? 0 : call.arrivedAt.getTime() - row.finishedAt.getTime()
}

function groupByToken (calls: SeenCall[]): Map<string, SeenCall[]> {
  const groups = new Map<string, SeenCall[]>()
  for (const call of calls) groups.set(call.token, [...groups.get(call.token) ?? [], call])
  return groups
}

/** Every failed call of the app stands in the findings, and none of them twice. */
export async function auditFindings (report: Report, db: Queryable): Promise<void> {
  await until(async () => await countWork(db) === 0, { limitMs: 120_000 })
  const { rows: [sums] } = await sql<{ failed: number, found: number, searched: number }>`
    SELECT (SELECT count(*)::int FROM persona_actions a JOIN runs r ON r.id = a.tick_id
            WHERE a.blame = 'app' AND a.result <> 'ok' AND r.finished_at IS NOT NULL) AS failed,
           (SELECT coalesce(sum(s.times), 0)::int FROM finding_sightings s
            JOIN finding_fingerprints p USING (fingerprint) JOIN findings f ON f.id = p.finding_id
            WHERE f.kind = 'error') AS found,
           (SELECT coalesce(sum(times), 0)::int FROM findings WHERE kind = 'error') AS searched`
    .execute(db)
  report.check(
    'each failed call of the app is in one finding, once',
    sums !== undefined && sums.failed > 0 && sums.failed === sums.found &&
      sums.found === sums.searched,
    sums
  )
  report.figure('failed calls found', sums?.found ?? 0)
}
