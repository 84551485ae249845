import { sql, type RawBuilder } from 'kysely'
import { arrayOf } from '../../platform/db/array.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { PREPARED } from '../../platform/db/prepared.ts'
import type { ActionRow } from '../../platform/db/tables.ts'
import type { Action, ActionInput } from './schemas.ts'
import { RowConflictError } from '../../platform/errors.ts'

/**
 * All SQL on persona_actions. Append-only: a row's outcome is filled in once and never changed.
 * Only its module can get another name.
 */

/** The same call of the same tick always gets the same row, so a retry writes nothing twice. */
export function actionId (tickId: string, ordinal: number, toolName: string): string {
  return `${tickId}-${ordinal}-${toolName}`
}

export function toAction (row: ActionRow): Action {
  return {
    id: row.id,
    tickId: row.tick_id,
    number: row.ordinal + 1,
    toolName: row.tool_name,
    module: row.module,
    inputHash: row.input_hash,
    result: row.result,
    errorMessage: row.error_message,
    blame: row.blame,
    blameRule: row.blame_rule,
    latencyMs: row.latency_ms,
    createdAt: row.created_at.toISOString()
  }
}

/** What another runner reports of one persona. */
interface ReportedActions {
  personaId: string
  /** `activePersona` of personas/repository.ts, which the statement begins with. */
  active: RawBuilder<unknown>
  actions: ActionInput[]
  /** Position of the first action within its tick. */
  offset?: number | undefined
}

/**
 * Stores what another runner reports, and that the persona was active, in one statement whatever
 * the number of rows. Rows that are there already with the same content count as a retry.
 * @returns how many rows are new; undefined: there is no such persona
 * @throws RowConflictError when an id is there with other content; nothing is written then
 */
export async function appendActions (
  db: Queryable,
  reported: ReportedActions
): Promise<number | undefined> {
  const sent = sentRows(reported)
  try {
    return await insertSent(db, reported, sent)
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error
    return await db.transaction().execute(trx => insertMissing(trx, reported, sent))
  }
}

const UNIQUE_VIOLATION = '23505'

const roundedMs = (ms: number | null | undefined) => typeof ms === 'number' ? Math.round(ms) : null

/**
 * `actionId` and `moduleByName` in the words of SQL, so that a batch is sent without what follows
 * from the rest of it. A tool that the persona's app has shown keeps the module that it has there.
 */
function sentRows ({ personaId, actions, offset = 0 }: ReportedActions): RawBuilder<unknown> {
  return sql`(
    SELECT tick_id || '-' || ordinal || '-' || tool_name AS id, tick_id, ordinal, tool_name,
           coalesce(shown.module, nullif(regexp_replace(tool_name, '[./:].*$', '', 's'), ''), tool_name) AS module,
           input_hash, result, error_message, latency_ms
    FROM (
      SELECT *, (${offset}::int + nth - 1)::int AS ordinal FROM unnest(
        ${arrayOf(actions.map(a => a.tickId))}::text[], ${
    arrayOf(actions.map(a => a.toolName))
  }::text[],
        ${arrayOf(actions.map(a => a.inputHash))}::text[], ${
    arrayOf(actions.map(a => a.result))
  }::text[],
        ${arrayOf(actions.map(a => a.errorMessage))}::text[], ${
    arrayOf(actions.map(a => roundedMs(a.latencyMs)))
  }::int[]
      ) WITH ORDINALITY AS sent (tick_id, tool_name, input_hash, result, error_message, latency_ms, nth)
    ) numbered LEFT JOIN (
      SELECT k.tool_name AS name, k.module FROM known_tools k JOIN personas p ON p.app = k.app WHERE p.id = ${personaId}::uuid
    ) shown ON shown.name = tool_name
  ) AS sent`
}

/**
 * The persona's row first, then its actions in order of id: two batches that arrive at once in
 * different order must not wait for each other.
 */
async function insertSent (
  db: Queryable,
  { active }: ReportedActions,
  sent: RawBuilder<unknown>,
  onConflict = sql``
): Promise<number | undefined> {
  const { rows: [row] } = await sql<{ known: boolean, written: number }>`${PREPARED}
    WITH ${active}, written AS (
      INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, input_hash, result, error_message, latency_ms, finished_at)
      SELECT sent.id, active.id, tick_id, ordinal, tool_name, module, input_hash, result, error_message, latency_ms, now()
      FROM active, ${sent} ORDER BY sent.id COLLATE "C" ${onConflict} RETURNING 1
    )
    SELECT EXISTS (TABLE active) AS known, (SELECT count(*) FROM written)::int AS written`.execute(
    db
  )
  return row?.known === true ? row.written : undefined
}

/** The way of a retry, which is rare: some rows are there, and it matters what is in them. */
async function insertMissing (
  trx: Queryable,
  reported: ReportedActions,
  sent: RawBuilder<unknown>
): Promise<number | undefined> {
  const written = await insertSent(trx, reported, sent, sql`ON CONFLICT (id) DO NOTHING`)
  if (written !== undefined && written < reported.actions.length) {
    await refuseOtherContent(trx, reported.personaId, sent)
  }
  return written
}

/** Compares tick and tool too: dashes in both can make one id of two calls (`a-1` + `2-b`). */
async function refuseOtherContent (
  trx: Queryable,
  personaId: string,
  sent: RawBuilder<unknown>
): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    SELECT sent.id FROM ${sent} JOIN persona_actions stored USING (id)
    WHERE (stored.persona_id, stored.tick_id, stored.tool_name)
      IS DISTINCT FROM (${personaId}::uuid, sent.tick_id, sent.tool_name)
      OR (stored.input_hash, stored.result, stored.error_message, stored.latency_ms)
      IS DISTINCT FROM (sent.input_hash, sent.result, sent.error_message, sent.latency_ms)
    ORDER BY sent.ordinal`.execute(trx)
  if (rows.length === 0) return
  const advice =
    'If these are new actions of the same tick, send "offset" with the number of actions sent before.'
  throw new RowConflictError(rows.map(row => row.id), advice)
}

/** A tool call of this runner, as fixed when the message that asks for it is journaled. */
export interface PlannedAction {
  tickId: string
  personaId: string
  ordinal: number
  toolName: string
  module: string
  inputHash: string
  toolUseId: string
  messageSeq: number
}

/**
 * The next three are parts of a statement that begins with the held run (`writeHeld` in
 * runner/runs/repository.ts).
 */

/**
 * Written before the call goes out, so that a crash in the middle leaves a trace. A second start of
 * the same call changes nothing.
 */
export function startedAction (action: PlannedAction): RawBuilder<unknown> {
  return sql`started AS (INSERT INTO persona_actions (${PLANNED_COLUMNS}, result)
    SELECT ${plannedValues(action)}, 'started' FROM held ON CONFLICT (id) DO NOTHING)`
}

interface ActionEnd {
  result: 'ok' | 'error' | 'unknown' | 'rejected'
  errorMessage: string | null
  blame: ActionRow['blame']
  blameRule: string | null
  latencyMs: number | null
  resultText: string
}

/** Fills in how a call ended. Only an open row takes it: a recorded outcome is never changed. */
export function finishedAction (action: PlannedAction, end: ActionEnd): RawBuilder<unknown> {
  return sql`finished AS (INSERT INTO persona_actions AS stored (${PLANNED_COLUMNS}, result, error_message, blame, blame_rule, latency_ms, result_text, finished_at)
    SELECT ${
    plannedValues(action)
  }, ${end.result}, ${end.errorMessage}, ${end.blame}, ${end.blameRule}, ${end.latencyMs}::int,
      ${end.resultText}, now() FROM held
    ON CONFLICT (id) DO UPDATE SET result = excluded.result, error_message = excluded.error_message, blame = excluded.blame,
      blame_rule = excluded.blame_rule, latency_ms = excluded.latency_ms, result_text = excluded.result_text, finished_at = excluded.finished_at
    WHERE stored.result = 'started')`
}

/** Takes a start back: nothing went out. Only an open row goes: what was recorded stays. */
export function withdrawnAction (
  { tickId, ordinal, toolName }: PlannedAction
): RawBuilder<unknown> {
  return sql`withdrawn AS (DELETE FROM persona_actions USING held WHERE persona_actions.id = ${
    actionId(tickId, ordinal, toolName)
  } AND result = 'started')`
}

const PLANNED_COLUMNS = sql.raw(
  'id, persona_id, tick_id, ordinal, tool_name, module, input_hash, tool_use_id, message_seq'
)

function plannedValues (action: PlannedAction): RawBuilder<unknown> {
  const { personaId, tickId, ordinal, toolName, module, inputHash, toolUseId, messageSeq } = action
  return sql`${
    actionId(tickId, ordinal, toolName)
  }, ${personaId}::uuid, held.id, ${ordinal}::int, ${toolName}, ${module},
    ${inputHash}, ${toolUseId}, ${messageSeq}::int`
}

/**
 * How a call ends that was interrupted and never taken up again: a run that is over leaves none
 * open.
 */
export const INTERRUPTED = {
  result: 'unknown',
  blame: 'harness',
  blame_rule: 'interrupted',
  error_message: 'interrupted before the app answered'
} as const

/** A part of a statement that begins with the held run. */
export function closedActions (): RawBuilder<unknown> {
  return sql`closed AS (UPDATE persona_actions SET result = ${INTERRUPTED.result}, blame = ${INTERRUPTED.blame},
    blame_rule = ${INTERRUPTED.blame_rule}, error_message = ${INTERRUPTED.error_message}, finished_at = now() FROM held WHERE tick_id = held.id AND result = 'started')`
}

/** All actions of a run in their order, with their stored results. */
export async function listRunActions (db: Queryable, tickId: string): Promise<ActionRow[]> {
  return db.selectFrom('persona_actions').selectAll().where('tick_id', '=', tickId).orderBy(
    'ordinal'
  ).execute()
}

export async function latestActions (
  db: Queryable,
  personaId: string,
  limit: number
): Promise<Action[]> {
  const rows = await db.selectFrom('persona_actions').selectAll().where(
    'persona_id',
    '=',
    personaId
  )
    .orderBy('created_at', 'desc').orderBy('ordinal', 'desc').orderBy('id', 'desc').limit(limit)
    .execute()
  return rows.map(toAction)
}

/** Actions of the last 7 days per persona; personas without any are not in the map. */
export async function countRecentActions (
  db: Queryable,
  personaIds: string[]
): Promise<Map<string, number>> {
  if (personaIds.length === 0) return new Map()
  const rows = await db.selectFrom('persona_actions').select(
    eb => ['persona_id', eb.fn.countAll<string>().as('n')]
  )
    .where('persona_id', 'in', personaIds).where(
      'created_at',
      '>',
      sql<Date>`now() - interval '7 days'`
    ).groupBy('persona_id').execute()
  return new Map(rows.map(row => [row.persona_id, Number(row.n)]))
}

export interface ToolLabel {
  tool: string
  module: string
}

/** By tool and module, the calls of an app whose ticks are over, with those of other runners. */
export async function countLabels (
  db: Queryable,
  app: string
): Promise<(ToolLabel & { calls: number, runs: number })[]> {
  const { rows } = await sql<ToolLabel & { calls: number, runs: number }>`
    SELECT a.tool_name AS tool, a.module, count(*)::int AS calls, count(DISTINCT a.tick_id)::int AS runs
    FROM ${OVER} WHERE ${ofApp(app)} GROUP BY 1, 2 ORDER BY 1, 2`.execute(db)
  return rows
}

/** Ticks of the app with a call under one of these labels. */
export async function ticksWithLabels (
  db: Queryable,
  app: string,
  labels: readonly ToolLabel[]
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT a.tick_id AS id FROM ${OVER}
    JOIN unnest(${arrayOf(labels.map(({ tool }) => tool))}::text[], ${
    arrayOf(labels.map(({ module }) => module))
  }::text[]) AS old (tool, module) ON old.tool = a.tool_name AND old.module = a.module
    WHERE ${ofApp(app)} GROUP BY 1 ORDER BY min(a.created_at), 1`.execute(db)
  return rows.map(row => row.id)
}

const OVER = sql`persona_actions a JOIN personas p ON p.id = a.persona_id
    LEFT JOIN runs r ON r.id = a.tick_id`
const ofApp = (app: string) =>
  sql`coalesce(r.app, p.app) = ${app} AND (r.id IS NULL OR r.finished_at IS NOT NULL)`

/** Keeps the name that the persona was told. */
export async function relabelActions (
  trx: Queryable,
  tickId: string,
  labels: readonly ToolLabel[]
): Promise<void> {
  await sql`
    UPDATE persona_actions a SET module = label.module, told_module = coalesce(a.told_module, a.module)
    FROM unnest(${arrayOf(labels.map(({ tool }) => tool))}::text[], ${
    arrayOf(labels.map(({ module }) => module))
  }::text[]) AS label (tool, module)
    WHERE a.tick_id = ${tickId} AND a.tool_name = label.tool AND a.module <> label.module`.execute(
    trx
  )
}
