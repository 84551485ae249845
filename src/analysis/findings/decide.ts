import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { readInstant } from '../../platform/db/instant.ts'
import { BadRequestError, FindingConflictError } from '../../platform/errors.ts'
import { getRow } from './read-findings.ts'
import type { FindingDecision } from './schemas.ts'
import { moveFingerprints, recount, waitForFindingsLock } from './sightings-repository.ts'
import {
  addFindingEvent,
  changeFinding,
  insertFindings,
  moveFinding,
  newFindingId
} from './repository.ts'
import type { NewDecision } from './states.ts'

/** What a person decides about a finding. Each decision is one transaction with its event. */

/**
 * @throws FindingNotFoundError
 * @throws FindingConflictError when the finding is merged, or open already
 * @throws BadRequestError when a field does not belong to the state
 */
export async function decideFinding (
  db: Queryable,
  id: string,
  body: FindingDecision
): Promise<void> {
  checkFields(body)
  await db.transaction().execute(async trx => {
    await waitForFindingsLock(trx)
    const row = await getUnmerged(trx, id)
    if (body.state === 'open') {
      if (row.decision === null) {
        throw new FindingConflictError(`Finding ${id} is ${row.state}, so it is open already.`)
      }
      await moveFinding(trx, { id, to: 'ongoing', decision: null, detail: { by: 'hand', ...body } })
      return
    }
    const decision = body.state === 'resolved'
      ? { to: body.state, why: body.why ?? null, release: body.release ?? null, quiet: null }
      : await ignored(trx, row, body)
    await moveFinding(trx, { id, to: body.state, decision, detail: { by: 'hand', ...body } })
  })
}

function checkFields ({ state, release, until, more, untilNextRelease }: FindingDecision): void {
  const isConditional = until !== undefined || more !== undefined || untilNextRelease !== undefined
  if (release !== undefined && state !== 'resolved') {
    throw new BadRequestError('release: belongs to the state "resolved" only; leave it out')
  }
  if (isConditional && state !== 'ignored') {
    throw new BadRequestError(
      'until, more and untilNextRelease belong to the state "ignored" only; leave them out'
    )
  }
}

async function ignored (
  trx: Queryable,
  { app, runs }: { app: string, runs: number },
  { why, until, more, untilNextRelease = false }: FindingDecision
): Promise<NewDecision> {
  const afterRelease = untilNextRelease ? await liveRelease(trx, app) : null
  return {
    to: 'ignored',
    why: why ?? null,
    runs,
    until: until === undefined ? null : readInstant(until, 'until'),
    more: more ?? null,
    afterRelease
  }
}

async function liveRelease (trx: Queryable, app: string): Promise<string> {
  const row = await trx.selectFrom('releases').select('version').where('app', '=', app)
    .where('at', '<=', sql<Date>`now()`).orderBy('at', 'desc').orderBy('created_at', 'desc').limit(
      1
    )
    .executeTakeFirst()
  if (row === undefined) {
    throw new BadRequestError(
      `untilNextRelease: the app ${app} has no release; announce one, or use until or more`
    )
  }
  return row.version
}

async function getUnmerged (trx: Queryable, id: string) {
  const row = await getRow(trx, id)
  if (row.merged_into === null) return row
  throw new FindingConflictError(
    `Finding ${id} was merged into ${row.merged_into}. Use that one, or split it first.`
  )
}

/**
 * All that shows this finding shows the other one from now on.
 * @throws FindingConflictError when they are of two apps, or one is merged already
 */
export async function mergeFinding (db: Queryable, id: string, into: string): Promise<void> {
  if (id === into) throw new BadRequestError('into: is the finding itself; name another one')
  await db.transaction().execute(async trx => {
    await waitForFindingsLock(trx)
    const [from, to] = [await getUnmerged(trx, id), await getUnmerged(trx, into)]
    if (from.app !== to.app) {
      throw new FindingConflictError(
        `Finding ${id} is of the app ${from.app} and ${into} of ${to.app}: two apps share no finding.`
      )
    }
    await moveFingerprints(trx, { from: id, to: into })
    await changeFinding(trx, id, { merged_into: into })
    await recount(trx)
    await addFindingEvent(trx, id, 'merged', { into })
    await addFindingEvent(trx, into, 'merged', { from: id })
  })
}

/**
 * Gives one fingerprint a finding of its own again.
 * @returns the id of that finding
 * @throws FindingConflictError when it is the only fingerprint, or not one of this finding
 */
export async function splitFinding (
  db: Queryable,
  id: string,
  fingerprint: string
): Promise<string> {
  return db.transaction().execute(async trx => {
    await waitForFindingsLock(trx)
    const row = await getUnmerged(trx, id)
    const own = await trx.selectFrom('finding_fingerprints').select(['fingerprint', 'template'])
      .where('finding_id', '=', id).execute()
    const wanted = own.find(each => each.fingerprint === fingerprint)
    if (wanted === undefined || own.length < 2) {
      throw new FindingConflictError(
        wanted === undefined
          ? `Finding ${id} has no fingerprint ${fingerprint}. GET /api/v1/admin/findings/${id} lists them.`
          : `Finding ${id} has this one fingerprint only, so nothing can be split off.`
      )
    }
    const { app, kind, module, tool, shown_since: shownSince } = row
    const split = await newFindingId(trx)
    const { template } = wanted
    await insertFindings(trx, [
      { id: split, app, kind, module, tool, template, shown_since: shownSince }
    ])
    await moveFingerprints(trx, { from: id, to: split, only: fingerprint })
    await recount(trx)
    await addFindingEvent(trx, id, 'split', { into: split, fingerprint })
    await addFindingEvent(trx, split, 'split', { from: id })
    return split
  })
}

/** @param url null: the finding is not filed any more */
export async function fileFinding (db: Queryable, id: string, url: string | null): Promise<void> {
  await db.transaction().execute(async trx => {
    await getUnmerged(trx, id)
    await changeFinding(trx, id, { tracker_url: url })
    await addFindingEvent(trx, id, 'tracker', { url })
  })
}
