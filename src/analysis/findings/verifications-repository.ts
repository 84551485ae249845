import type { Queryable } from '../../platform/db/database.ts'
import { readBestSighting } from './detail-queries.ts'
import { reproOf, type Step } from './repro.ts'
import { readRunFacts } from './run-facts-queries.ts'
import type { Verification } from './schemas.ts'
import { addFindingEvent } from './repository.ts'

/** All SQL that writes finding_verifications, and the steps that are replayed. */

const SHOWN = 5

/** Null: no stored run of it has calls. */
export async function readSteps (
  db: Queryable,
  id: string
): Promise<{ personaId: string, slowMs: number, steps: Step[] } | null> {
  const best = await readBestSighting(db, id)
  if (best === null) return null
  const [run] = await readRunFacts(db, [best.runId])
  const steps = reproOf(run?.calls ?? [], best.number)
  return run === undefined || steps.length === 0
    ? null
    : { personaId: run.personaId, slowMs: run.slowMs, steps }
}

export async function addVerification (
  db: Queryable,
  id: string,
  personaId: string,
  { outcome, why, transcript }: Pick<Verification, 'outcome' | 'why' | 'transcript'>
): Promise<Verification> {
  return db.transaction().execute(async trx => {
    const row = await trx.insertInto('finding_verifications').values({
      finding_id: id,
      persona_id: personaId,
      outcome,
      why,
      transcript: JSON.stringify(transcript)
    }).returning(['id', 'at']).executeTakeFirstOrThrow()
    await addFindingEvent(trx, id, 'verified', { outcome, verification: row.id })
    return { id: row.id, at: row.at.toISOString(), personaId, outcome, why, transcript }
  })
}

/** Newest first. */
export async function listVerifications (db: Queryable, id: string): Promise<Verification[]> {
  const rows = await db.selectFrom('finding_verifications').selectAll()
    .where('finding_id', '=', id).orderBy('id', 'desc').limit(SHOWN).execute()
  return rows.map(({ id, at, persona_id: personaId, outcome, why, transcript }) => ({
    id,
    at: at.toISOString(),
    personaId,
    outcome,
    why,
    transcript: transcript as Verification['transcript']
  }))
}
