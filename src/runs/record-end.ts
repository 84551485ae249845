import { closeOpenActions, listRunActions } from '../actions/repository.ts'
import { slowMsFor } from '../agent/patience.ts'
import type { ReadReflection, Reflection } from '../agent/reflect.ts'
import type { Queryable } from '../db/database.ts'
import type { ActionRow } from '../db/tables.ts'
import { addEntry, readDiary, withoutVerbatim } from '../diaries/diary.ts'
import { loadDiary, saveDiary } from '../diaries/repository.ts'
import { sayDoGap, visitsOf, type FrictionAction } from '../feedback/friction.ts'
import { insertRatings, insertUnreadable } from '../feedback/repository.ts'
import type { CheckedRating } from '../feedback/schemas.ts'
import { insertVisits } from '../feedback/visits-repository.ts'
import { insertIncidents, type NewIncident } from '../incidents/repository.ts'
import { isoDate } from '../personas/character.ts'
import { forgetStrikes, getPersona, recordFailure, recordLived, recordSkipped, recordStrike } from '../personas/repository.ts'
import type { Persona } from '../personas/schemas.ts'
import { findIncidents } from './find-incidents.ts'
import { finishRun, type TakenRun } from './repository.ts'
import type { Run } from './schemas.ts'
import { chargeLeftBehind } from './spending.ts'
import { wasLived, type RunEnd } from './states.ts'

/** How a day ended, and what was said of it; null where nobody was asked, or there was nothing to ask about. */
export interface DayEnd {
  end: RunEnd
  reflection: Exclude<Reflection, string> | null
}

type OwnWords = NonNullable<ReturnType<typeof readDiary>>

/**
 * Stores a run's end with all that follows from it (ratings, friction, diary, the persona's next due time), together or
 * not at all.
 * @throws RunLostError when this worker no longer holds the run
 */
export async function recordEnd (db: Queryable, taken: TakenRun, persona: Persona, { end, reflection }: DayEnd): Promise<void> {
  const done = await listRunActions(db, taken.run.id)
  const incidents = await findIncidents(db, taken.run, done)
  const isClean = incidents.length === 0
  await db.transaction().execute(async trx => {
    const run = await finishRun(trx, taken.lease, reflection?.ok && isClean ? { ...end, costliestModule: reflection.costliestModule } : end)
    const versions = versionsOf(run)
    const given = reflection?.ok ? reflection.ratings : []
    const ratings = isClean ? given : given.map(setAside)
    const actions = await closeDay(trx, run, persona, end, { done, incidents, ratings })
    if (reflection?.ok) {
      await insertRatings(trx, { tickId: run.id, ...versions }, ratings)
      // What somebody else may have dictated must not come back tomorrow as the persona's own memory.
      const entry = isClean ? ownWords(actions, reflection) : null
      if (entry !== null) await remember(trx, persona, entry)
    } else if (reflection !== null) {
      await insertUnreadable(trx, { tickId: run.id, ...versions }, reflection.rawText, reflection.problems.join('; '))
    }
    await moveOn(trx, persona.id, end)
  })
}

/** Kept to be read, but it counts nowhere: whether the persona speaks or what it read cannot be told. */
function setAside (rating: CheckedRating): CheckedRating {
  return { ...rating, grounded: false, ungroundedReason: 'incident' }
}

/** A run that no worker holds is over: nobody is asked for ratings. */
export async function closeUnrated (trx: Queryable, run: Run, end: RunEnd): Promise<void> {
  const done = await listRunActions(trx, run.id)
  const incidents = await findIncidents(trx, run, done)
  await closeDay(trx, run, await getPersona(trx, run.personaId), end, { done, incidents, ratings: [] })
}

/** What every end of a run owes to what was done until then, whoever ends it. @returns what was done */
async function closeDay (
  trx: Queryable, run: Run, persona: Persona, end: RunEnd,
  { done, incidents, ratings }: { done: ActionRow[], incidents: NewIncident[], ratings: CheckedRating[] }
): Promise<ActionRow[]> {
  await insertIncidents(trx, incidents)
  const actions = await closeOpenActions(trx, run.id, done)
  await insertVisits(trx, { runId: run.id, ...versionsOf(run) }, judgeVisits(actions, ratings, end, slowMsFor(persona.patience)))
  await chargeLeftBehind(trx, { runId: run.id, attempt: run.attempt })
  return actions
}

function versionsOf ({ personaId, personaVersion, model, promptVersion, appVersion }: Run) {
  return { personaId, personaVersion, model, promptVersion, appVersion }
}

/** The app does not know the persona, or not any more: trying for ever would only fill its log. */
const REFUSED_BY_THE_APP = new Set(['LOGIN_FAILED', 'MCP_UNAUTHORIZED'])

/** Whatever the end, the persona's next due time moves. */
async function moveOn (trx: Queryable, personaId: string, { state, endReason, errorCode }: RunEnd): Promise<void> {
  if (!wasLived(state)) {
    await recordFailure(trx, personaId)
    if (errorCode !== undefined && REFUSED_BY_THE_APP.has(errorCode)) await recordStrike(trx, personaId, `The app refused the account (${errorCode})`)
    else await forgetStrikes(trx, personaId)
  } else if (endReason === 'refusal') {
    await recordSkipped(trx, personaId)
    await recordStrike(trx, personaId, 'The model refused to go on')
  } else {
    await recordLived(trx, personaId)
  }
}

/** Friction needs no model: it is computed whether or not the persona rated anything. */
function judgeVisits (actions: ActionRow[], ratings: CheckedRating[], end: RunEnd, slowMs: number) {
  const calls = actions.map(toFrictionAction)
  const over = new Set(end.walkedAwayOver)
  const modulesWalkedAwayFrom = new Set(calls.filter(call => over.has(call.number)).map(call => call.module))
  return visitsOf(calls, { slowMs }).map(visit => {
    const rating = ratings.find(rating => rating.module === visit.module && rating.grounded)?.rating ?? null
    return { ...visit, walkedAway: modulesWalkedAwayFrom.has(visit.module), sayDoGap: sayDoGap(rating, visit.friction) }
  })
}

function toFrictionAction (row: ActionRow): FrictionAction {
  return {
    number: row.ordinal + 1,
    module: row.module,
    toolName: row.tool_name,
    inputHash: row.input_hash,
    result: row.result === 'started' ? 'unknown' : row.result,
    blame: row.blame,
    latencyMs: row.latency_ms
  }
}

/** What the persona wrote into its diary, without what it copied: what the app says must not come back as its own memory. */
function ownWords (actions: ActionRow[], { diary }: ReadReflection): OwnWords | null {
  const entry = readDiary(diary)
  if (entry === null) return null
  const results = actions.map(action => action.result_text ?? '')
  const own = (text: string) => withoutVerbatim(text, results)
  return {
    did: own(entry.did), annoyed: own(entry.annoyed), plan: own(entry.plan), memory: entry.memory === null ? null : own(entry.memory)
  }
}

async function remember (trx: Queryable, persona: Persona, { memory, ...entry }: OwnWords): Promise<void> {
  await saveDiary(trx, persona.id, addEntry(await loadDiary(trx, persona.id), { date: isoDate(persona), ...entry }, memory))
}
