import { sql, type RawBuilder, type Selectable } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { IncidentsTable } from '../../platform/db/tables.ts'
import type { Incident, IncidentFilter } from './schemas.ts'
import type { Suspicion } from './suspicion.ts'

/** All SQL that writes incidents. */

export interface NewIncident extends Suspicion {
  runId: string
  personaId: string
  /** Of the action that shows it, from 0; null: the persona's own words do. */
  ordinal: number | null
}

const incidentId = ({ runId, ordinal, kind }: NewIncident) =>
  `${runId}-${ordinal ?? 'words'}-${kind}`

/**
 * Part of a statement that begins with the held run (`writeHeld` in runner/runs/repository.ts). A
 * second time changes nothing.
 */
export function insertedIncidents (incidents: NewIncident[]): RawBuilder<unknown> {
  const rows = incidents.map(incident => {
    const { ordinal, kind, excerpt } = incident
    return { id: incidentId(incident), ordinal, kind, excerpt }
  })
  return sql`incidents AS (INSERT INTO incidents (id, run_id, persona_id, ordinal, kind, excerpt)
    SELECT found.id, held.id, held.persona_id, found.ordinal, found.kind, found.excerpt
    FROM held, jsonb_populate_recordset(NULL::incidents, ${
    JSON.stringify(rows)
  }::jsonb) AS found ON CONFLICT (id) DO NOTHING)`
}

/** Newest first. */
export async function listIncidents (
  db: Queryable,
  filter: IncidentFilter
): Promise<{ incidents: Incident[], nextCursor: string | null }> {
  const limit = filter.limit ?? 50
  let query = db.selectFrom('incidents').selectAll().orderBy('created_at', 'desc').orderBy(
    'id',
    'desc'
  ).limit(limit + 1)
  if (filter.runId !== undefined) query = query.where('run_id', '=', filter.runId)
  if (filter.personaId !== undefined) query = query.where('persona_id', '=', filter.personaId)
  if (filter.cursor !== undefined) {
    query = query.where(
      sql<
        boolean
      >`(created_at, id) < (SELECT c.created_at, c.id FROM incidents c WHERE c.id = ${filter.cursor})`
    )
  }
  const rows = await query.execute()
  return {
    incidents: rows.slice(0, limit).map(toIncident),
    nextCursor: rows.length > limit ? rows[limit - 1]?.id ?? null : null
  }
}

function toIncident (row: Selectable<IncidentsTable>): Incident {
  return {
    id: row.id,
    runId: row.run_id,
    personaId: row.persona_id,
    action: row.ordinal === null ? null : row.ordinal + 1,
    kind: row.kind,
    excerpt: row.excerpt,
    createdAt: row.created_at.toISOString()
  }
}
