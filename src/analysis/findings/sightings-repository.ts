import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { insertFindings, newFindingIds, sumUp } from './repository.ts'
import type { Problem } from './problems-of-run.ts'

/** All SQL that writes finding_sightings, finding_fingerprints, finding_work, finding_recounts. */

const LOCK = sql`hashtext('persona-runner findings')`

/** False: another process is at it. Held until the transaction ends. */
export async function takeFindingsLock (trx: Queryable): Promise<boolean> {
  const { rows: [lock] } = await sql<
    { taken: boolean }
  >`SELECT pg_try_advisory_xact_lock(${LOCK}) AS taken`.execute(trx)
  return lock?.taken === true
}

/** Waits for the pass of another process. */
export async function waitForFindingsLock (trx: Queryable): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${LOCK})`.execute(trx)
}

/** One statement, and the only one while there is nothing to do. */
export async function hasWork (db: Queryable): Promise<boolean> {
  const { rows: [row] } = await sql<{ found: boolean }>`
    SELECT EXISTS (SELECT FROM finding_work) OR EXISTS (SELECT FROM finding_recounts) AS found`
    .execute(db)
  return row?.found === true
}

/**
 * Runs to search, those that wait longest first. They are to be searched in this transaction. Their
 * rows are locked first, as by the deletion of a persona, so that neither waits for the other.
 */
export async function takeWork (trx: Queryable, limit: number): Promise<string[]> {
  const { rows } = await sql<{ run_id: string }>`
    WITH taken AS MATERIALIZED (
      SELECT w.run_id FROM finding_work w JOIN runs r ON r.id = w.run_id
      ORDER BY w.since, w.run_id LIMIT ${limit} FOR KEY SHARE OF r SKIP LOCKED
    )
    DELETE FROM finding_work w USING taken WHERE w.run_id = taken.run_id RETURNING w.run_id`
    .execute(trx)
  return rows.map(row => row.run_id).sort()
}

/** @returns how many runs wait now */
export async function addAllRuns (db: Queryable): Promise<number> {
  await sql`
    INSERT INTO finding_work (run_id) SELECT id FROM runs WHERE finished_at IS NOT NULL
    ON CONFLICT DO NOTHING`.execute(db)
  return countWork(db)
}

export async function countWork (db: Queryable): Promise<number> {
  const { rows: [row] } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM finding_work`
    .execute(db)
  return row?.n ?? 0
}

/** A problem and where it was seen. */
export interface Sighting extends Problem {
  app: string
  source: string
  runId: string | null
  personaId: string | null
  appVersion: string | null
}

/** What these sources showed before is forgotten. */
export async function replaceSightings (
  trx: Queryable,
  sources: readonly string[],
  sightings: readonly Sighting[]
): Promise<void> {
  await sql`DELETE FROM finding_sightings WHERE source = ANY(${sources}::text[])`.execute(trx)
  if (sightings.length === 0) return
  await addFindings(trx, sightings)
  const rows = sightings.map(({ fingerprint, numbers, ...sighting }) => ({
    fingerprint: fingerprint.key,
    source: sighting.source,
    run_id: sighting.runId,
    persona_id: sighting.personaId,
    at: sighting.at,
    app_version: sighting.appVersion,
    numbers,
    times: Math.max(1, numbers.length),
    severity: sighting.severity
  }))
  await sql`
    INSERT INTO finding_sightings
      (fingerprint, source, run_id, persona_id, at, app_version, numbers, times, severity)
    SELECT fingerprint, source, run_id, persona_id, at, app_version, numbers, times, severity
    FROM jsonb_populate_recordset(NULL::finding_sightings, ${JSON.stringify(rows)}::jsonb)`
    .execute(trx)
}

/** A finding for each fingerprint that is seen for the first time. */
async function addFindings (trx: Queryable, sightings: readonly Sighting[]): Promise<void> {
  const byKey = new Map(sightings.map(sighting => [sighting.fingerprint.key, sighting]))
  const known = await trx.selectFrom('finding_fingerprints').select('fingerprint')
    .where('fingerprint', 'in', [...byKey.keys()]).execute()
  for (const { fingerprint } of known) byKey.delete(fingerprint)
  if (byKey.size === 0) return
  const ids = await newFindingIds(trx, byKey.size)
  const added = [...byKey.values()].map((sighting, i) => ({ ...sighting, id: ids[i] ?? '' }))
  await insertFindings(
    trx,
    added.map(({ id, app, kind, module, tool, fingerprint }) => ({
      id,
      app,
      kind,
      module,
      tool,
      template: fingerprint.template
    }))
  )
  await trx.insertInto('finding_fingerprints').values(added.map(({ id, fingerprint }) => ({
    fingerprint: fingerprint.key,
    finding_id: id,
    version: fingerprint.version,
    template: fingerprint.template
  }))).execute()
}

/**
 * Sums up the sightings of each finding that lost or gained one.
 * @returns the ids of these findings
 */
export async function recount (trx: Queryable): Promise<string[]> {
  const stale = await trx.deleteFrom('finding_recounts').returning('finding_id as id').execute()
  return stale.length === 0 ? [] : sumUp(trx, stale.map(({ id }) => id))
}

/** Of a finding whose fingerprints were moved. */
async function markStale (trx: Queryable, ids: readonly string[]): Promise<void> {
  await trx.insertInto('finding_recounts').values(ids.map(id => ({ finding_id: id })))
    .onConflict(conflict => conflict.doNothing()).execute()
}

/** @param only this one; left out: all of the finding */
export async function moveFingerprints (
  trx: Queryable,
  { from, to, only }: { from: string, to: string, only?: string }
): Promise<void> {
  let query = trx.updateTable('finding_fingerprints').set({ finding_id: to })
    .where('finding_id', '=', from)
  if (only !== undefined) query = query.where('fingerprint', '=', only)
  await query.execute()
  await markStale(trx, [from, to])
}
