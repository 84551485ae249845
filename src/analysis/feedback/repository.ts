import { sql, type RawBuilder } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { FeedbackRow } from '../../platform/db/tables.ts'
import {
  PARSE_MODULE,
  ratingOf,
  type ComparedToLastTime,
  type Feedback,
  type FeedbackInput,
  type CheckedRating,
  type ModuleSummary
} from './schemas.ts'
import { RowConflictError } from '../../platform/errors.ts'

/** All SQL on persona_feedback. */

/** One rating per module per tick. */
function feedbackId (tickId: string, module: string): string {
  return `${tickId}-${module}`
}

function toFeedback (row: FeedbackRow): Feedback {
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
 * Stores what another runner reports; what is there already with the same content counts as a
 * retry.
 * @returns how many rows are new
 * @throws RowConflictError when an id is there with another rating or other notes; nothing is
 *   written then. Call it inside a transaction.
 */
export async function appendFeedback (
  trx: Queryable,
  personaId: string,
  feedback: FeedbackInput[]
): Promise<number> {
  if (feedback.length === 0) return 0
  const sent = sql`unnest(
      ${feedback.map(f => feedbackId(f.tickId, f.module))}::text[], ${
    feedback.map(f => f.tickId)
  }::text[], ${feedback.map(f => f.module)}::text[],
      ${feedback.map(ratingOf)}::int[], ${feedback.map(f => f.notes ?? null)}::text[]
    ) AS sent (id, tick_id, module, rating, notes)`
  // In order of id: two batches that arrive at once in different order must not wait for each
  // other.
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
    if (rows.length > 0) {
      throw new RowConflictError(rows.map(row => row.id), 'A tick rates a module once.')
    }
  }
  return written
}

/**
 * The next two are parts of a statement that begins with the held run (`writeHeld` in
 * runner/runs/repository.ts), and change nothing twice.
 */

/** How a persona of this runner rated its day. */
export function insertedRatings (runId: string, ratings: CheckedRating[]): RawBuilder<unknown> {
  return insertedRows(
    runId,
    ratings.map(rating => ({
      module: rating.module,
      rating: rating.rating,
      notes: rating.notes,
      evidence: rating.evidence,
      compared_to_last_time: rating.comparedToLastTime,
      grounded: rating.grounded,
      ungrounded_reason: rating.ungroundedReason
    }))
  )
}

/**
 * Keeps an answer that could not be read, as it came and without a number: no rating is ever
 * invented.
 */
export function insertedUnreadable (
  runId: string,
  rawText: string,
  why: string
): RawBuilder<unknown> {
  return insertedRows(runId, [{ module: PARSE_MODULE, notes: why, raw_text: rawText }])
}

const RATED = [
  'module',
  'rating',
  'notes',
  'evidence',
  'compared_to_last_time',
  'grounded',
  'ungrounded_reason',
  'raw_text'
]
const RATED_COLUMNS = sql.raw(RATED.join(', '))
const RATED_OF_ROW = sql.raw(RATED.map(column => `rated.${column}`).join(', '))

/**
 * With what the ratings were given under: numbers from different models or words are never mixed
 * silently.
 */
function insertedRows (
  runId: string,
  rated: ({ module: string } & Partial<FeedbackRow>)[]
): RawBuilder<unknown> {
  const rows = rated.map(row => ({ ...row, id: feedbackId(runId, row.module) }))
  return sql`ratings AS (INSERT INTO persona_feedback (id, tick_id, persona_id, persona_version, model, prompt_version, app_version, ${RATED_COLUMNS})
    SELECT rated.id, held.id, held.persona_id, held.persona_version, held.model, held.prompt_version, held.app_version, ${RATED_OF_ROW}
    FROM held, jsonb_populate_recordset(NULL::persona_feedback, ${
    JSON.stringify(rows)
  }::jsonb) AS rated ON CONFLICT (id) DO NOTHING)`
}

export async function listRunFeedback (db: Queryable, tickId: string): Promise<Feedback[]> {
  const rows = await db.selectFrom('persona_feedback').selectAll().where('tick_id', '=', tickId)
    .orderBy('module').execute()
  return rows.map(toFeedback)
}

/**
 * Per module that the persona ever rated: how often, the mean and the latest number. Rows without a
 * number and ratings whose evidence does not hold count nowhere; what other runners posted has no
 * evidence to check and counts here, but not in the insights.
 */
export async function summariseModules (
  db: Queryable,
  personaId: string
): Promise<ModuleSummary[]> {
  const { rows } = await sql<
    { module: string, n: number, mean: number | null, latest: number | null, latest_at: Date }
  >`
    SELECT module, count(rating)::int AS n, avg(rating)::float8 AS mean,
           (array_agg(rating ORDER BY created_at DESC, id DESC) FILTER (WHERE rating IS NOT NULL))[1] AS latest, max(created_at) AS latest_at
    FROM persona_feedback WHERE persona_id = ${personaId}::uuid AND module <> ${PARSE_MODULE} AND grounded IS NOT FALSE
    GROUP BY module ORDER BY module`.execute(db)
  return rows.map(({ latest_at: latestAt, ...row }) => ({
    ...row,
    latestAt: latestAt.toISOString()
  }))
}
