import { sql, type Selectable } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { readInstant } from '../../platform/db/instant.ts'
import type { FindingsTable } from '../../platform/db/tables.ts'
import { FindingNotFoundError } from '../../platform/errors.ts'
import { severityName, severityNumber, type Kind } from './kinds.ts'
import type { Finding, FindingEvent, FindingFilter } from './schemas.ts'
import { OPEN_STATES } from './states.ts'
import { titleOf } from './words.ts'

/** Reads findings. */

type Row = Selectable<FindingsTable>
const DEFAULT_LIMIT = 50

interface FindingPage {
  findings: Finding[]
  /** Null: there are no more. */
  nextCursor: string | null
}

/** Those that hurt most first: severity times personas, then the latest. */
export async function listFindings (db: Queryable, filter: FindingFilter): Promise<FindingPage> {
  const { limit = DEFAULT_LIMIT, cursor } = filter
  let query = filtered(db, filter).selectAll()
    .orderBy('impact', 'desc').orderBy('last_seen_at', 'desc').orderBy('id').limit(limit + 1)
  if (cursor !== undefined) {
    await getRow(db, cursor)
    query = query.where(sql<boolean>`(-impact, last_seen_at, -id) < (
      SELECT -c.impact, c.last_seen_at, -c.id FROM findings c WHERE c.id = ${cursor})
      OR impact < (SELECT c.impact FROM findings c WHERE c.id = ${cursor})`)
  }
  const rows = await query.execute()
  const shown = rows.slice(0, limit)
  return {
    findings: shown.map(toFinding),
    nextCursor: rows.length > limit ? shown.at(-1)?.id ?? null : null
  }
}

function filtered (db: Queryable, filter: FindingFilter) {
  const { state, app, module, kind, severity, release, archetype, since } = filter
  let query = db.selectFrom('findings').where('shown_since', 'is not', null)
    .where('merged_into', 'is', null).where('last_seen_at', 'is not', null)
  if (state === 'open') query = query.where('state', 'in', OPEN_STATES)
  else if (state !== undefined) query = query.where('state', '=', state)
  if (app !== undefined) query = query.where('app', '=', app)
  if (module !== undefined) query = query.where('module', '=', module)
  if (kind !== undefined) query = query.where('kind', '=', kind)
  if (severity !== undefined) {
    query = query.where('severity', '>=', severityNumber(severity))
  }
  if (since !== undefined) {
    query = query.where('last_seen_at', '>=', new Date(readInstant(since, 'since')))
  }
  if (release !== undefined) query = query.where(isSeen(sql`s.app_version = ${release}`))
  if (archetype !== undefined) {
    query = query.where(isSeen(sql`s.persona_id IN (
      SELECT p.id FROM personas p WHERE p.archetype = ${archetype})`))
  }
  return query
}

const isSeen = (where: ReturnType<typeof sql>) =>
  sql<
    boolean
  >`EXISTS (SELECT FROM finding_fingerprints f JOIN finding_sightings s USING (fingerprint)
    WHERE f.finding_id = findings.id AND ${where})`

/** @throws FindingNotFoundError */
export async function getRow (db: Queryable, id: string): Promise<Row> {
  const row = await db.selectFrom('findings').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw new FindingNotFoundError(id)
  return row
}

export function toFinding (row: Row): Finding {
  const { app, module, tool, template, state, runs, personas, times } = row
  const kind = row.kind as Kind
  return {
    id: row.id,
    app,
    kind,
    module,
    tool,
    title: titleOf({ kind, module, tool, template }),
    template,
    state,
    stateSince: row.state_since.toISOString(),
    decision: row.decision as Finding['decision'],
    severity: severityName(row.severity),
    firstSeenAt: (row.first_seen_at ?? row.created_at).toISOString(),
    lastSeenAt: (row.last_seen_at ?? row.created_at).toISOString(),
    firstRelease: row.first_release,
    lastRelease: row.last_release,
    times,
    runs,
    personas,
    trackerUrl: row.tracker_url,
    mergedInto: row.merged_into
  }
}

/** Oldest first. @throws FindingNotFoundError */
export async function listFindingEvents (db: Queryable, id: string): Promise<FindingEvent[]> {
  await getRow(db, id)
  const rows = await db.selectFrom('finding_events').selectAll().where('finding_id', '=', id)
    .orderBy('id').limit(1000).execute()
  return rows.map(({ id, at, kind, detail }) => ({ id, at: at.toISOString(), kind, detail }))
}
