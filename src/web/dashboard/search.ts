import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { modulePath, personaPath, releasePath, runPath } from './address.ts'

/** All SQL of the search over everything that has a page. */

interface Hit {
  kind: 'module' | 'persona' | 'release' | 'run'
  name: string
  /** What tells it from others of that name. */
  about: string
  href: string
}

interface HitRow extends Pick<Hit, 'kind' | 'name' | 'about'> {
  id: string
  app: string
}

const PER_KIND = 8

/** Names that hold the text in any case, and the run of that very id; modules first. */
export async function searchAll (db: Queryable, text: string): Promise<Hit[]> {
  const holds = (column: string) => sql`position(lower(${text}) IN lower(${sql.ref(column)})) > 0`
  const { rows } = await sql<HitRow>`
    (SELECT 'module' AS kind, module AS id, module AS name, app AS about, app FROM known_tools
      WHERE ${holds('module')} GROUP BY app, module ORDER BY module, app LIMIT ${PER_KIND})
    UNION ALL
    (SELECT 'persona', id::text, name, archetype || ' · ' || app, app FROM personas
      WHERE ${holds('name')} OR ${holds('email')} ORDER BY name, id LIMIT ${PER_KIND})
    UNION ALL
    (SELECT 'release', version, version, coalesce(notes, ''), app FROM releases
      WHERE ${holds('version')} OR ${holds('notes')} ORDER BY at DESC, version LIMIT ${PER_KIND})
    UNION ALL
    (SELECT 'run', r.id, p.name, r.state || ' · ' || to_char(r.queued_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), r.app
      FROM runs r JOIN personas p ON p.id = r.persona_id WHERE r.id = ${text})`.execute(db)
  return rows.map(({ id, app, ...hit }) => ({ ...hit, href: hrefOf(hit.kind, id, app) }))
}

function hrefOf (kind: Hit['kind'], id: string, app: string): string {
  switch (kind) {
    case 'module':
      return modulePath(id, app)
    case 'persona':
      return personaPath(id)
    case 'release':
      return releasePath(id, app)
    case 'run':
      return runPath(id)
  }
}
