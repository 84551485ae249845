import { sql, type Selectable } from 'kysely'
import { CALL_INPUT } from '../../platform/db/call-input.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { FindingsTable } from '../../platform/db/tables.ts'
import { severityName, type Kind } from './kinds.ts'
import type { Evidence, FindingDetail } from './schemas.ts'

/** What the page of one finding shows besides its own row. */

type Row = Selectable<FindingsTable>
const EXAMPLES = 3
const MAX_RESULT_CHARS = 2000
const MAX_GROUPS = 20

const sightingsOf = (id: string) =>
  sql`(SELECT s.* FROM finding_fingerprints p JOIN finding_sightings s USING (fingerprint)
       WHERE p.finding_id = ${id})`

/** The group that was hit most first. */
export async function readGroups (
  db: Queryable,
  { id, app, module, first_seen_at: since }: Row,
  by: 'archetype' | 'locale'
): Promise<FindingDetail['archetypes']> {
  const { rows } = await sql<FindingDetail['archetypes'][number]>`
    SELECT p.${sql.ref(by)} AS name, count(DISTINCT s.persona_id)::int AS hit,
           count(DISTINCT p.id)::int AS of
    FROM personas p LEFT JOIN ${sightingsOf(id)} AS s ON s.persona_id = p.id
    WHERE p.app = ${app} AND (s.persona_id IS NOT NULL OR EXISTS (
      SELECT FROM module_visits v
      WHERE v.persona_id = p.id AND v.module = ${module} AND v.created_at >= ${since}))
    GROUP BY 1 ORDER BY hit DESC, name LIMIT ${MAX_GROUPS}`.execute(db)
  return rows
}

export async function readDays (db: Queryable, id: string): Promise<FindingDetail['days']> {
  const { rows } = await sql<FindingDetail['days'][number]>`
    SELECT to_char(s.at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(*)::int AS runs
    FROM ${sightingsOf(id)} AS s WHERE s.at >= now() - interval '90 days'
    GROUP BY 1 ORDER BY 1`.execute(db)
  return rows
}

export async function readFingerprints (
  db: Queryable,
  id: string
): Promise<FindingDetail['fingerprints']> {
  return db.selectFrom('finding_fingerprints').select(['fingerprint', 'template'])
    .where('finding_id', '=', id).orderBy('template').orderBy('fingerprint').execute()
}

export async function readVisits (
  db: Queryable,
  { app, module, runs, first_seen_at: first, last_seen_at: last }: Row
): Promise<FindingDetail['visits']> {
  // A visit is stored when its run ends, so a little after the last call of it.
  const { rows: [row] } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM module_visits v JOIN personas p ON p.id = v.persona_id
    WHERE p.app = ${app} AND v.module = ${module} AND v.created_at >= ${first}
      AND v.created_at <= ${last}::timestamptz + interval '1 hour'`.execute(db)
  return { hit: runs, of: Math.max(runs, row?.n ?? 0) }
}

interface Same {
  id: string
  kind: Kind
  module: string
  tool: string | null
  template: string
}

/** An app that words its message anew ends one finding and begins another on the same day. */
export async function readMaybeSame (db: Queryable, row: Row): Promise<Same[]> {
  const { rows } = await sql<Same>`
    SELECT id, kind, module, tool, template FROM findings
    WHERE app = ${row.app} AND module = ${row.module} AND kind = ${row.kind}
      AND tool IS NOT DISTINCT FROM ${row.tool} AND id <> ${row.id} AND merged_into IS NULL
      AND shown_since IS NOT NULL
      AND (last_seen_at AT TIME ZONE 'UTC')::date = (${row.first_seen_at}::timestamptz AT TIME ZONE 'UTC')::date
      AND first_seen_at < ${row.first_seen_at}
    ORDER BY id LIMIT 5`.execute(db)
  return rows
}

interface EvidenceRow {
  runId: string
  personaId: string
  persona: string
  at: Date
  severity: number
  number: number | null
  tool: string | null
  input: unknown
  error: string | null
  result: string | null
  rating: number | null
  notes: string | null
  cites: boolean | null
}

/** The three days that show it best: the worst, with a rating that rests on it, the latest. */
export async function readEvidence (
  db: Queryable,
  { id, module }: Row
): Promise<FindingDetail['evidence']> {
  const { rows } = await sql<EvidenceRow>`
    SELECT s.run_id AS "runId", s.persona_id AS "personaId", p.name AS persona, s.at, s.severity,
           a.ordinal + 1 AS number, a.tool_name AS tool, a.error_message AS error,
           left(a.result_text, ${MAX_RESULT_CHARS}) AS result,
           ${CALL_INPUT} AS input,
           f.rating, f.notes, f.cites
    FROM (
      SELECT DISTINCT ON (s.persona_id) s.* FROM ${sightingsOf(id)} AS s
      WHERE s.run_id IS NOT NULL ORDER BY s.persona_id, s.severity DESC, s.at DESC, s.source
    ) AS s
    JOIN personas p ON p.id = s.persona_id
    LEFT JOIN LATERAL (
      SELECT * FROM persona_actions a WHERE a.tick_id = s.run_id AND a.ordinal + 1 = s.numbers[1]
      LIMIT 1) AS a ON true
    LEFT JOIN LATERAL (
      SELECT f.rating, f.notes, EXISTS (
        SELECT FROM jsonb_array_elements(f.evidence) c WHERE (c ->> 'action')::int = ANY(s.numbers)
      ) AS cites
      FROM persona_feedback f WHERE f.tick_id = s.run_id AND f.module = ${module} AND f.grounded
      LIMIT 1) AS f ON true
    ORDER BY s.severity DESC, f.cites DESC NULLS LAST, s.at DESC, s.source LIMIT ${EXAMPLES}`
    .execute(db)
  return rows.map(toEvidence)
}

function toEvidence (row: EvidenceRow): Evidence {
  const { runId, personaId, persona, number, tool, input, error, result, rating, notes } = row
  return {
    runId,
    personaId,
    persona,
    at: row.at.toISOString(),
    severity: severityName(row.severity),
    call: number === null || tool === null ? null : { number, tool, input, error, result },
    rating: row.cites === null ? null : { rating, notes, cites: row.cites }
  }
}

/** The best of the evidence that a call shows. */
export async function readBestSighting (
  db: Queryable,
  id: string
): Promise<{ runId: string, number: number } | null> {
  const { rows: [row] } = await sql<{ runId: string, number: number }>`
    SELECT s.run_id AS "runId", s.numbers[1] AS number FROM ${sightingsOf(id)} AS s
    WHERE s.run_id IS NOT NULL AND cardinality(s.numbers) > 0
    ORDER BY s.at DESC, s.source LIMIT 1`.execute(db)
  return row ?? null
}
