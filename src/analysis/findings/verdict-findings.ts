import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { moveAll, type Moved } from './catch-up.ts'
import { fingerprintOf } from './fingerprint.ts'
import { severityNumber } from './kinds.ts'
import {
  recount,
  replaceSightings,
  takeFindingsLock,
  type Sighting
} from './sightings-repository.ts'
import { moveFinding } from './repository.ts'
import { OPEN_STATES } from './states.ts'

/** A finding for each module that a release made worse, from the looks at the release. */

interface WorseRow {
  app: string
  release: string
  module: string
  at: Date
}

export async function noteVerdicts (db: Queryable): Promise<Moved[]> {
  return db.transaction().execute(async trx => {
    if (!await takeFindingsLock(trx)) return []
    const worse = await readUnnoted(trx)
    await replaceSightings(trx, worse.map(sourceOf), worse.map(toSighting))
    const moved = await moveAll(trx, await recount(trx))
    return [...moved, ...await resolveMended(trx)]
  })
}

const sourceOf = ({ release, module }: WorseRow) => `release/${release}/${module}`

function toSighting (row: WorseRow): Sighting {
  const { app, release, module, at } = row
  // The release stands where a tool stands, because a message loses its version numbers.
  const { version, key } = fingerprintOf({
    app,
    kind: 'verdict',
    module,
    tool: release,
    blame: null,
    message: 'Worse'
  })
  return {
    app,
    kind: 'verdict',
    module,
    tool: null,
    blame: null,
    fingerprint: { version, key, template: `Worse since ${release}` },
    numbers: [],
    at,
    severity: severityNumber('gave_up'),
    source: sourceOf(row),
    runId: null,
    personaId: null,
    appVersion: release
  }
}

/** The first look that says worse, of each release and module that is not noted yet. */
async function readUnnoted (trx: Queryable): Promise<WorseRow[]> {
  const { rows } = await sql<WorseRow>`
    SELECT l.app, l.release, l.module, min(l.judged_at) AS at FROM release_looks l
    WHERE l.state = 'worse' AND NOT EXISTS (
      SELECT FROM finding_sightings s WHERE s.source = 'release/' || l.release || '/' || l.module)
    GROUP BY l.app, l.release, l.module ORDER BY at, l.app, l.release, l.module`.execute(trx)
  return rows
}

interface MendedRow {
  id: string
  release: string
}

/** A later release that made the module better ends the finding. */
async function resolveMended (trx: Queryable): Promise<Moved[]> {
  const { rows } = await sql<MendedRow>`
    SELECT f.id, min(l.release) AS release FROM findings f
    JOIN releases hurt ON hurt.app = f.app AND hurt.version = f.last_release
    JOIN release_looks l ON l.app = f.app AND l.module = f.module AND l.state = 'better'
    JOIN releases mend ON mend.app = l.app AND mend.version = l.release AND mend.at > hurt.at
    WHERE f.kind = 'verdict' AND f.state IN (${sql.join(OPEN_STATES)})
    GROUP BY f.id ORDER BY f.id`.execute(trx)
  for (const { id, release } of rows) {
    const decision = { to: 'resolved' as const, why: null, release, quiet: null }
    await moveFinding(trx, { id, to: 'resolved', decision, detail: { release } })
  }
  return rows.map(({ id }) => ({ id, to: 'resolved' }))
}
