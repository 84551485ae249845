import { sql, type Insertable, type Updateable } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { FindingsTable } from '../../platform/db/tables.ts'
import type { Kind } from './kinds.ts'
import { quietOf, type Quiet } from './quiet.ts'
import { OPEN_STATES, type NewDecision, type State, type StateFacts } from './states.ts'

/** All SQL that writes findings and finding_events, and what decides their states. */

export async function insertFindings (
  trx: Queryable,
  rows: Insertable<FindingsTable>[]
): Promise<void> {
  await trx.insertInto('findings').values(rows).execute()
}

export async function newFindingId (trx: Queryable): Promise<string> {
  const [id] = await newFindingIds(trx, 1)
  if (id === undefined) throw new Error('no id for a finding')
  return id
}

export async function newFindingIds (trx: Queryable, count: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT nextval(pg_get_serial_sequence('findings', 'id'))::text AS id
    FROM generate_series(1, ${count}::int)`.execute(trx)
  return rows.map(({ id }) => id)
}

export async function changeFinding (
  trx: Queryable,
  id: string,
  columns: Pick<Updateable<FindingsTable>, 'tracker_url' | 'merged_into'>
): Promise<void> {
  await trx.updateTable('findings').set(columns).where('id', '=', id).execute()
}

/** Writes the sums over their sightings. @returns the ids of those that are there */
export async function sumUp (trx: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    WITH sums AS (
      SELECT f.finding_id, min(s.at) AS first_seen_at, max(s.at) AS last_seen_at,
             (array_agg(s.app_version ORDER BY s.at, s.source)
               FILTER (WHERE s.app_version IS NOT NULL))[1] AS first_release,
             (array_agg(s.app_version ORDER BY s.at DESC, s.source DESC)
               FILTER (WHERE s.app_version IS NOT NULL))[1] AS last_release,
             sum(s.times)::int AS times, count(DISTINCT s.run_id)::int AS runs,
             count(DISTINCT s.persona_id)::int AS personas, max(s.severity) AS severity
      FROM finding_fingerprints f JOIN finding_sightings s USING (fingerprint)
      WHERE f.finding_id = ANY(${ids}::bigint[]) GROUP BY f.finding_id
    )
    UPDATE findings SET first_seen_at = sums.first_seen_at, last_seen_at = sums.last_seen_at,
           first_release = sums.first_release, last_release = sums.last_release,
           times = coalesce(sums.times, 0), runs = coalesce(sums.runs, 0),
           personas = coalesce(sums.personas, 0), severity = coalesce(sums.severity, 1),
           impact = (1 << (coalesce(sums.severity, 1) - 1)) * coalesce(sums.personas, 0)
    FROM unnest(${ids}::bigint[]) AS stale (finding_id) LEFT JOIN sums USING (finding_id)
    WHERE findings.id = stale.finding_id RETURNING findings.id`.execute(trx)
  return rows.map(row => row.id)
}

interface StandingRow extends StateFacts {
  id: string
  kind: Kind
  personas: number
  isShown: boolean
}

/** Findings without a sighting are left out: nothing is known of them any more. */
export async function readStandings (
  trx: Queryable,
  ids: readonly string[]
): Promise<StandingRow[]> {
  const { rows } = await sql<StandingRow>`
    SELECT f.id, f.kind, f.personas, f.runs, f.shown_since IS NOT NULL AS "isShown", f.state,
           f.decision, f.first_seen_at AS "firstSeenAt", f.last_seen_at AS "lastSeenAt",
           s.at AS "latestAt", s.release_at AS "latestReleaseAt", r.at AS "releaseAt"
    FROM findings f
    LEFT JOIN releases r ON r.app = f.app AND r.at <= now()
      AND r.version = coalesce(f.decision ->> 'release', f.decision ->> 'afterRelease')
    LEFT JOIN LATERAL (
      SELECT max(s.at) AS at, max(r.at) AS release_at
      FROM finding_fingerprints p JOIN finding_sightings s USING (fingerprint)
      LEFT JOIN releases r ON r.app = f.app AND r.version = s.app_version
      WHERE p.finding_id = f.id AND s.at > (f.decision ->> 'at')::timestamptz
    ) AS s ON f.decision IS NOT NULL
    WHERE f.id = ANY(${ids}::bigint[]) AND f.last_seen_at IS NOT NULL AND f.merged_into IS NULL
    ORDER BY f.id`.execute(trx)
  return rows
}

export interface Move {
  id: string
  to: State
  /** Stays where it is left out. */
  decision?: NewDecision | null
  /** Kept with the event. */
  detail?: object
}

export async function moveFinding (trx: Queryable, { id, to, ...move }: Move): Promise<void> {
  await trx.updateTable('findings').set({
    state: to,
    state_since: sql<Date>`now()`,
    shown_since: sql<Date>`coalesce(shown_since, now())`,
    ...(move.decision !== undefined &&
      { decision: move.decision === null ? null : stamped(move.decision) })
  }).where('id', '=', id).execute()
  await addFindingEvent(trx, id, to, move.detail)
}

const stamped = (decision: NewDecision) =>
  sql<string>`${JSON.stringify(decision)}::jsonb || jsonb_build_object('at', now())`

export async function addFindingEvent (
  trx: Queryable,
  id: string,
  kind: string,
  detail: object = {}
): Promise<void> {
  await trx.insertInto('finding_events')
    .values({ finding_id: id, kind, detail: JSON.stringify(detail) }).execute()
}

interface QuietRow {
  id: string
  hits: number
  visits: number
  passed: number
}

/**
 * How quiet each open finding is, by the visits of personas that ever met it.
 * @param ids of these; left out: of all that are open and were not seen in the last hour
 */
export async function readQuiet (
  db: Queryable,
  ids?: readonly string[]
): Promise<Map<string, Quiet>> {
  const asked = ids === undefined
    ? sql`f.state IN (${sql.join(OPEN_STATES)}) AND f.shown_since IS NOT NULL
        AND f.merged_into IS NULL AND f.kind <> 'verdict'
        AND f.last_seen_at < now() - interval '1 hour'`
    : sql`f.id = ANY(${ids}::bigint[])`
  const { rows } = await sql<QuietRow>`
    SELECT f.id, f.runs AS hits, v.visits, v.passed FROM findings f
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE v.created_at <= seen.until)::int AS visits,
             count(*) FILTER (WHERE v.created_at > seen.until)::int AS passed
      FROM (
        SELECT s.persona_id, min(s.at) AS first FROM finding_fingerprints p
        JOIN finding_sightings s USING (fingerprint)
        WHERE p.finding_id = f.id AND s.persona_id IS NOT NULL GROUP BY s.persona_id
      ) AS met
      CROSS JOIN LATERAL (
        SELECT max(r.finished_at) AS until FROM finding_fingerprints p
        JOIN finding_sightings s USING (fingerprint) JOIN runs r ON r.id = s.run_id
        WHERE p.finding_id = f.id
      ) AS seen
      JOIN module_visits v ON v.persona_id = met.persona_id AND v.module = f.module
        AND v.created_at >= f.first_seen_at
    ) AS v
    WHERE ${asked}`.execute(db)
  return new Map(rows.map(({ id, ...counts }) => [id, quietOf(counts)]))
}
