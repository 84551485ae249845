import { sql } from 'kysely'
import type { Queryable } from '../db/database.ts'
import type { FeedbackRow } from '../db/tables.ts'
import { PARSE_MODULE, type ComparedToLastTime, type Feedback, type FeedbackInput, type CheckedRating, type ModuleSummary } from './schemas.ts'
import { RowConflictError } from '../errors.ts'

/** All SQL on persona_feedback. */

/** One rating per module per tick. */
export function feedbackId (tickId: string, module: string): string {
  return `${tickId}-${module}`
}

export function toFeedback (row: FeedbackRow): Feedback {
  return {
    id: row.id,
    tickId: row.tick_id,
    module: row.module,
    rating: row.rating,
    notes: row.notes,
    evidence: row.evidence as Feedback['evidence'],
    comparedToLastTime: row.compared_to_last_time as ComparedToLastTime | null,
    grounded: row.grounded,
    ungroundedReason: row.ungrounded_reason,
    model: row.model,
    promptVersion: row.prompt_version,
    personaVersion: row.persona_version,
    appVersion: row.app_version,
    rawText: row.raw_text,
    createdAt: row.created_at.toISOString()
  }
}

/**
 * Stores what another runner reports; what is there already with the same content counts as a retry.
 * @returns how many rows are new
 * @throws RowConflictError when an id is there with another rating or other notes; nothing is written then.
 * Call it inside a transaction.
 */
export async function appendFeedback (trx: Queryable, personaId: string, feedback: FeedbackInput[]): Promise<number> {
  if (feedback.length === 0) return 0
  const sent = sql`unnest(
      ${feedback.map(f => feedbackId(f.tickId, f.module))}::text[], ${feedback.map(f => f.tickId)}::text[], ${feedback.map(f => f.module)}::text[],
      ${feedback.map(f => f.rating)}::int[], ${feedback.map(f => f.notes ?? null)}::text[]
    ) AS sent (id, tick_id, module, rating, notes)`
  // In order of id: two batches that arrive at once in different order must not wait for each other.
  const inserted = await sql`
    INSERT INTO persona_feedback (id, persona_id, tick_id, module, rating, notes)
    SELECT id, ${personaId}::uuid, tick_id, module, rating, notes FROM ${sent} ORDER BY id
    ON CONFLICT (id) DO NOTHING`.execute(trx)
  const written = Number(inserted.numAffectedRows ?? 0n)
  if (written < feedback.length) {
    const { rows } = await sql<{ id: string }>`
      SELECT sent.id FROM ${sent} JOIN persona_feedback stored USING (id)
      WHERE (stored.persona_id, stored.tick_id, stored.rating, stored.notes)
        IS DISTINCT FROM (${personaId}::uuid, sent.tick_id, sent.rating, sent.notes)`.execute(trx)
    if (rows.length > 0) throw new RowConflictError(rows.map(row => row.id), 'A tick rates a module once.')
  }
  return written
}

/** What a rating was given under: numbers from different ones are never mixed silently. */
export interface RatedRun {
  tickId: string
  personaId: string
  personaVersion: number
  model: string | null
  promptVersion: string | null
  appVersion: string | null
}

const versionColumns = (run: RatedRun) => ({
  model: run.model, prompt_version: run.promptVersion, persona_version: run.personaVersion, app_version: run.appVersion
})

/** Stores how a persona of this runner rated its day. A second time changes nothing. */
export async function insertRatings (db: Queryable, run: RatedRun, ratings: CheckedRating[]): Promise<void> {
  if (ratings.length === 0) return
  await db.insertInto('persona_feedback').values(ratings.map(rating => ({
    id: feedbackId(run.tickId, rating.module),
    persona_id: run.personaId,
    tick_id: run.tickId,
    module: rating.module,
    rating: rating.rating,
    notes: rating.notes,
    evidence: JSON.stringify(rating.evidence),
    compared_to_last_time: rating.comparedToLastTime,
    grounded: rating.grounded,
    ungrounded_reason: rating.ungroundedReason,
    ...versionColumns(run)
  }))).onConflict(c => c.column('id').doNothing()).execute()
}

/** Keeps an answer that could not be read, as it came and without a number: no rating is ever invented. */
export async function insertUnreadable (db: Queryable, run: RatedRun, rawText: string, why: string): Promise<void> {
  await db.insertInto('persona_feedback').values({
    id: feedbackId(run.tickId, PARSE_MODULE),
    persona_id: run.personaId,
    tick_id: run.tickId,
    module: PARSE_MODULE,
    rating: null,
    notes: why,
    raw_text: rawText,
    ...versionColumns(run)
  }).onConflict(c => c.column('id').doNothing()).execute()
}

export async function listRunFeedback (db: Queryable, tickId: string): Promise<Feedback[]> {
  const rows = await db.selectFrom('persona_feedback').selectAll().where('tick_id', '=', tickId).orderBy('module').execute()
  return rows.map(toFeedback)
}

/**
 * Per module that the persona ever rated: how often, the mean and the latest number. Rows without a number and
 * ratings whose evidence does not hold count nowhere; what other runners posted has no evidence to check and counts
 * here, but not in the insights.
 */
export async function summariseModules (db: Queryable, personaId: string): Promise<ModuleSummary[]> {
  const { rows } = await sql<{ module: string, n: number, mean: number | null, latest: number | null, latest_at: Date }>`
    SELECT module, count(rating)::int AS n, avg(rating)::float8 AS mean,
           (array_agg(rating ORDER BY created_at DESC) FILTER (WHERE rating IS NOT NULL))[1] AS latest, max(created_at) AS latest_at
    FROM persona_feedback WHERE persona_id = ${personaId}::uuid AND module <> ${PARSE_MODULE} AND grounded IS NOT FALSE
    GROUP BY module ORDER BY module`.execute(db)
  return rows.map(({ latest_at: latestAt, ...row }) => ({ ...row, latestAt: latestAt.toISOString() }))
}
