import { sql, type RawBuilder } from 'kysely'
import type { ReplyAccount } from '../agent/day-journal.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { PREPARED } from '../../platform/db/prepared.ts'
import type { RunRow } from '../../platform/db/tables.ts'
import { RunLostError, RunNotFoundError, RunNotOpenError } from '../../platform/errors.ts'
import type { Run, RunFilter } from './schemas.ts'
import type { RunEnd } from './states.ts'

/** All SQL on runs. */

/**
 * What a worker holds a run by: of two workers with the same run only the one with the later
 * attempt may write.
 */
export interface Lease {
  runId: string
  attempt: number
}

function toRun (row: RunRow): Run {
  return {
    id: row.id,
    personaId: row.persona_id,
    app: row.app,
    personaVersion: row.persona_version,
    state: row.state,
    attempt: row.attempt,
    tick: row.tick,
    queuedAt: row.queued_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    endReason: row.end_reason,
    endDetail: row.end_detail,
    deferredUntil: row.deferred_until?.toISOString() ?? null,
    deferredFor: row.deferred_for,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    daySummary: row.day_summary,
    costliestModule: row.costliest_module,
    model: row.model,
    promptVersion: row.prompt_version,
    appVersion: row.app_version,
    walkedAwayOver: row.walked_away_over,
    protocolVersion: row.protocol_version,
    mcpEra: row.mcp_era,
    turns: row.turns,
    usd: row.usd === null ? null : Number(row.usd),
    unansweredUsd: Number(row.unanswered_usd),
    tokens: {
      input: Number(row.input_tokens),
      output: Number(row.output_tokens),
      cacheWrite: Number(row.cache_write_tokens),
      cacheRead: Number(row.cache_read_tokens)
    }
  }
}

export interface OpenedRun {
  runId: string
  personaId: string
}

/**
 * Opens a run for each persona that has none open. The partial unique index decides, whoever else
 * opens runs at the same moment.
 */
export async function openRuns (
  trx: Queryable,
  personas: { id: string, version: number }[],
  tick: string | null
): Promise<OpenedRun[]> {
  if (personas.length === 0) return []
  const { rows } = await sql<{ id: string, persona_id: string }>`
    INSERT INTO runs (persona_id, persona_version, tick, app)
    SELECT persona_id, persona_version, ${tick}, (SELECT app FROM personas WHERE id = persona_id) FROM unnest(${
    personas.map(p => p.id)
  }::uuid[], ${personas.map(p => p.version)}::int[]) AS due (persona_id, persona_version)
    ON CONFLICT (persona_id) WHERE finished_at IS NULL DO NOTHING
    RETURNING id, persona_id`.execute(trx)
  return rows.map(row => ({ runId: row.id, personaId: row.persona_id }))
}

/** By the rule of analysis/releases/repository.ts. */
const LIVE_RELEASE = sql`(
  SELECT version FROM releases WHERE at <= now() AND releases.app = runs.app
  ORDER BY at DESC, created_at DESC, version DESC LIMIT 1)`

export interface TakenRun {
  lease: Lease
  run: Run
  /** Since a worker first took it, without what it waited for others, in milliseconds. */
  ageMs: number
  /** How long it has waited for services that were out of order, in milliseconds. */
  deferredMs: number
}

/**
 * Takes an open run for this worker and shuts every earlier worker out. Undefined: the run is final
 * or gone, or waits.
 */
export async function takeRun (db: Queryable, runId: string): Promise<TakenRun | undefined> {
  const row = await db.updateTable('runs')
    .set({
      attempt: sql`attempt + 1`,
      state: sql`CASE WHEN state = 'queued' THEN 'acting' ELSE state END`,
      started_at: sql`coalesce(started_at, now())`,
      // Waiting for a worker after that is waiting like everybody else's.
      deferred_ms:
        sql`deferred_ms + coalesce((extract(epoch FROM least(now(), deferred_until) - deferred_at) * 1000)::bigint, 0)`,
      deferred_at: null,
      deferred_until: null,
      app_version: sql`CASE WHEN started_at IS NULL THEN ${LIVE_RELEASE} ELSE app_version END`
    })
    .where('id', '=', runId).where('finished_at', 'is', null)
    // A job left over from before the run began to wait; another one carries it.
    .where(sql<boolean>`(deferred_until IS NULL OR deferred_until <= now() + interval '1 second')`)
    .returningAll().returning(
      sql<number>`(extract(epoch FROM now() - started_at) * 1000 - deferred_ms)::float8`.as(
        'age_ms'
      )
    )
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    lease: { runId, attempt: row.attempt },
    run: toRun(row),
    ageMs: row.age_ms,
    deferredMs: Number(row.deferred_ms)
  }
}

/**
 * How a worker writes for its run: everything in one statement that begins with `held`, which has a
 * row only while this worker has the run, and is locked so that nobody takes the run over in
 * between. What is written `FROM held` is written by nobody else. One statement, because
 * transactions of four made a whole run take 65 ms of CPU instead of 35.
 * @param held `heldRun`, or one of those that also write to the run's row
 * @param parts of the statement, as `name AS (…)`
 * @returns whether somebody asked for the run's end
 * @throws RunLostError when another attempt has it, or it is final
 */
export async function writeHeld (
  db: Queryable,
  { runId, attempt }: Lease,
  held: RawBuilder<unknown>,
  ...parts: RawBuilder<unknown>[]
): Promise<{ cancelRequested: boolean }> {
  const statement = sql<{ cancel_requested: boolean }>`${PREPARED} WITH ${
    sql.join([held, ...parts])
  } SELECT cancel_requested FROM held`
  const { rows: [row] } = await statement.execute(db)
  if (row === undefined) throw new RunLostError(runId, attempt)
  return { cancelRequested: row.cancel_requested }
}

export function heldRun ({ runId, attempt }: Lease): RawBuilder<unknown> {
  return sql`held AS (SELECT id, cancel_requested_at IS NOT NULL AS cancel_requested FROM runs
    WHERE id = ${runId} AND attempt = ${attempt} AND finished_at IS NULL FOR SHARE)`
}

/**
 * @param set what is written to the run's row @param returning more of it, for the parts of the
 *   statement
 */
function heldAnd (
  { runId, attempt }: Lease,
  set: RawBuilder<unknown>,
  returning = sql``
): RawBuilder<unknown> {
  return sql`held AS (UPDATE runs SET ${set} WHERE id = ${runId} AND attempt = ${attempt} AND finished_at IS NULL
    RETURNING id, cancel_requested_at IS NOT NULL AS cancel_requested ${returning})`
}

/** Holds the run and adds one reply of the model to its account. */
export function heldForReply (
  lease: Lease,
  { model, usage, usd, acting }: ReplyAccount & { acting: boolean }
): RawBuilder<unknown> {
  return heldAnd(
    lease,
    sql`model = ${model}, turns = turns + ${acting ? 1 : 0},
      input_tokens = input_tokens + ${usage.inputTokens}, output_tokens = output_tokens + ${usage.outputTokens},
      cache_write_tokens = cache_write_tokens + ${usage.cacheWriteTokens}, cache_read_tokens = cache_read_tokens + ${usage.cacheReadTokens},
      usd = CASE WHEN ${usd}::numeric IS NULL THEN usd ELSE coalesce(usd, 0) + ${usd}::numeric END`
  )
}

/**
 * Holds the run and fixes what the day goes by, when it really begins: who the persona is by now,
 * our words, the protocol agreed on with the app, and the release that is live.
 */
export function heldForTerms (
  lease: Lease,
  terms: {
    personaVersion: number
    promptVersion: string
    protocolVersion: string | null
    mcpEra: string | null
  }
): RawBuilder<unknown> {
  return heldAnd(
    lease,
    sql`persona_version = ${terms.personaVersion}, prompt_version = ${terms.promptVersion},
      protocol_version = ${terms.protocolVersion}, mcp_era = ${terms.mcpEra}, app_version = ${LIVE_RELEASE}`
  )
}

/** Holds the run, whose day in the app is over: the rating begins. */
export function heldForReflecting (
  lease: Lease,
  day: { endReason: string, endDetail: string | null, daySummary: string | null }
): RawBuilder<unknown> {
  return heldAnd(
    lease,
    sql`state = 'reflecting', end_reason = ${day.endReason}, end_detail = ${day.endDetail}, day_summary = ${day.daySummary}`
  )
}

/** Holds the run and adds what a call whose answer never came may have cost. */
export function heldForUnanswered (lease: Lease, mostUsd: number): RawBuilder<unknown> {
  return heldAnd(lease, sql`unanswered_usd = unanswered_usd + ${mostUsd}::numeric`)
}

/** Adds the same after the worker is gone. @param from the part of the statement with the `usd` */
export function withUnanswered (runId: string, from: string): RawBuilder<unknown> {
  return sql`run AS (UPDATE runs SET unanswered_usd = unanswered_usd + ${
    sql.ref(`${from}.usd`)
  } FROM ${sql.table(from)} WHERE id = ${runId})`
}

/** Holds the run until the end of the caller's transaction. @throws RunLostError */
export function holdRun (trx: Queryable, lease: Lease): Promise<{ cancelRequested: boolean }> {
  return writeHeld(trx, lease, heldRun(lease))
}

async function updateHeld (
  db: Queryable,
  { runId, attempt }: Lease,
  columns: Record<string, unknown>
): Promise<Run> {
  const row = await db.updateTable('runs').set(columns).where('id', '=', runId).where(
    'attempt',
    '=',
    attempt
  ).where('finished_at', 'is', null)
    .returningAll().executeTakeFirst()
  if (row === undefined) throw new RunLostError(runId, attempt)
  return toRun(row)
}

/**
 * The run waits for a service that is out of order. Its journal says where to go on. @throws
 * RunLostError
 */
export async function deferRun (
  db: Queryable,
  lease: Lease,
  wait: { waitMs: number, reason: string }
): Promise<void> {
  await updateHeld(db, lease, {
    deferred_at: sql`now()`,
    deferred_until: sql`now() + ${`${Math.ceil(wait.waitMs)} milliseconds`}::interval`,
    deferred_for: wait.reason
  })
}

/**
 * Holds the run and makes it final. What a call that was left behind has reserved is charged with
 * it.
 * @param charged `chargedLeftBehind` of spending.ts
 */
export function heldForEnd (
  lease: Lease,
  end: RunEnd,
  charged: RawBuilder<unknown>
): RawBuilder<unknown> {
  const { endDetail, daySummary, costliestModule, walkedAwayOver } = end
  const changes = [
    sql`state = ${end.state}, end_reason = ${end.endReason}, error_code = ${
      end.errorCode ?? null
    }, error_message = ${end.errorMessage ?? null}`,
    sql`finished_at = now(), unanswered_usd = unanswered_usd + (SELECT coalesce(sum(usd), 0) FROM left_behind)`,
    ...(endDetail === undefined ? [] : [sql`end_detail = ${endDetail}`]),
    ...(daySummary === undefined ? [] : [sql`day_summary = ${daySummary}`]),
    ...(costliestModule === undefined ? [] : [sql`costliest_module = ${costliestModule}`]),
    ...(walkedAwayOver === undefined ? [] : [sql`walked_away_over = ${walkedAwayOver}::int[]`])
  ]
  const { runId, attempt } = lease
  return sql`mine AS (SELECT id FROM runs WHERE id = ${runId} AND attempt = ${attempt} AND finished_at IS NULL FOR UPDATE),
    ${charged}, ${heldAnd(lease, sql.join(changes), sql`, ${JUDGED_UNDER}`)}`
}

/**
 * Whose day it was, and what it was lived under, which is told with everything that is judged of
 * it.
 */
const JUDGED_UNDER = sql.raw('persona_id, persona_version, model, prompt_version, app_version')

/**
 * Writes `FROM held` for a run that is final already and that no worker holds, within the caller's
 * transaction.
 */
export async function writeForEnded (
  trx: Queryable,
  runId: string,
  parts: RawBuilder<unknown>[]
): Promise<void> {
  await sql`WITH held AS (SELECT id, ${JUDGED_UNDER} FROM runs WHERE id = ${runId}), ${
    sql.join(parts)
  } SELECT 1`.execute(trx)
}

/**
 * Nobody finished it within the allowed attempts. @returns the run as it is now; undefined when it
 * is final already, or waits
 */
export async function abandonRun (db: Queryable, runId: string): Promise<Run | undefined> {
  const row = await db.updateTable('runs').set({
    state: 'abandoned',
    error_code: 'RUN_ABANDONED',
    error_message:
      'No worker finished this run within the allowed attempts; the log of each attempt says why.',
    attempt: sql`attempt + 1`,
    finished_at: sql`now()`
  }).where('id', '=', runId).where('finished_at', 'is', null).where('deferred_until', 'is', null)
    .returningAll().executeTakeFirst()
  return row === undefined ? undefined : toRun(row)
}

/** No worker holds it: it waits for one, or for a service that is out of order. */
const IDLE = sql`(state = 'queued' OR deferred_until IS NOT NULL)`

/**
 * Asks a run to end. One that no worker holds ends at once; one under way ends before its next
 * step.
 * @throws RunNotFoundError, RunNotOpenError
 */
export async function requestCancel (db: Queryable, runId: string): Promise<Run> {
  const row = await db.updateTable('runs').set({
    cancel_requested_at: sql`coalesce(cancel_requested_at, now())`,
    state: sql`CASE WHEN ${IDLE} THEN 'incomplete' ELSE state END`,
    end_reason: sql`CASE WHEN ${IDLE} THEN 'cancelled' ELSE end_reason END`,
    deferred_until: null,
    finished_at: sql`CASE WHEN ${IDLE} THEN now() ELSE finished_at END`
  }).where('id', '=', runId).where('finished_at', 'is', null).returningAll().executeTakeFirst()
  if (row !== undefined) return toRun(row)
  const run = await getRun(db, runId)
  throw new RunNotOpenError(runId, run.state)
}

/** @throws RunNotFoundError */
export async function getRun (db: Queryable, runId: string): Promise<Run> {
  const row = await db.selectFrom('runs').selectAll().where('id', '=', runId).executeTakeFirst()
  if (row === undefined) throw new RunNotFoundError(runId)
  return toRun(row)
}

/** A page, newest first. `nextCursor` is null on the last one. */
export async function listRuns (
  db: Queryable,
  filter: RunFilter
): Promise<{ runs: Run[], nextCursor: string | null }> {
  const limit = filter.limit ?? 50
  let query = db.selectFrom('runs').selectAll().orderBy('queued_at', 'desc').orderBy('id', 'desc')
    .limit(limit + 1)
  if (filter.personaId !== undefined) query = query.where('persona_id', '=', filter.personaId)
  if (filter.state !== undefined) query = query.where('state', '=', filter.state)
  if (filter.cursor !== undefined) {
    const cursor = filter.cursor
    query = query.where(
      sql<boolean>`(queued_at, id) < (SELECT c.queued_at, c.id FROM runs c WHERE c.id = ${cursor})`
    )
  }
  const rows = await query.execute()
  return {
    runs: rows.slice(0, limit).map(toRun),
    nextCursor: rows.length > limit ? rows[limit - 1]?.id ?? null : null
  }
}

/** The runs among these that are final by now, or wait for a service that is out of order. */
export async function settledRuns (db: Queryable, runIds: string[]): Promise<Run[]> {
  const rows = await db.selectFrom('runs').selectAll().where('id', 'in', runIds)
    .where(eb => eb.or([eb('finished_at', 'is not', null), eb('deferred_until', 'is not', null)]))
    .execute()
  return rows.map(toRun)
}

/** Open runs, over all processes. */
interface OpenRuns {
  queued: number
  acting: number
  reflecting: number
  /** Of any of these states, but waiting for a service that is out of order. */
  deferred: number
}

export async function countOpen (db: Queryable): Promise<OpenRuns> {
  const rows = await db.selectFrom('runs')
    .select(
      eb => [
        eb.case().when('deferred_until', 'is', null).then(eb.ref('state')).else(eb.val('deferred'))
          .end().as('state'),
        eb.fn.countAll<string>().as('n')
      ]
    )
    .where('finished_at', 'is', null).groupBy(sql`1`).execute()
  const count = (state: string) => Number(rows.find(row => String(row.state) === state)?.n ?? 0)
  return {
    queued: count('queued'),
    acting: count('acting'),
    reflecting: count('reflecting'),
    deferred: count('deferred')
  }
}
