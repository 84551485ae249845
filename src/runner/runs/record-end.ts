import type { RawBuilder } from 'kysely'
import { closedActions } from '../actions/repository.ts'
import type { ReadReflection, Reflection } from '../agent/reflect.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { addEntry, readDiary, verbatimRemover, type Diary } from '../../personas/diaries/diary.ts'
import { loadDiary, savedDiary } from '../../personas/diaries/repository.ts'
import { slowMsFor } from '../../analysis/feedback/slowness.ts'
import { insertedRatings, insertedUnreadable } from '../../analysis/feedback/repository.ts'
import type { CheckedRating } from '../../analysis/feedback/schemas.ts'
import { insertedVisits } from '../../analysis/feedback/visits-repository.ts'
import { insertedIncidents, type NewIncident } from '../../analysis/incidents/repository.ts'
import { isoDate } from '../../personas/character.ts'
import { FAILED, LIVED, NO_STRIKES, SKIPPED, strike } from '../../personas/moves.ts'
import { getMarkedPersona, movedPersona, type MarkedPersona } from '../../personas/repository.ts'
import type { Persona } from '../../personas/schemas.ts'
import { findIncidents } from './find-incidents.ts'
import { heldForEnd, writeForEnded, writeHeld, type TakenRun } from './repository.ts'
import { judgeVisits, toFrictionAction } from './judge-visits.ts'
import { readRecord, type RunRecord } from './run-record.ts'
import type { Run } from './schemas.ts'
import { chargedLeftBehind, chargeLeftBehind } from './spending.ts'
import { wasLived, type RunEnd } from './states.ts'

/**
 * How a day ended, and what was said of it; null where nobody was asked, or there was nothing to
 * ask about.
 */
export interface DayEnd {
  end: RunEnd
  reflection: Exclude<Reflection, string> | null
  /** Undefined: what is stored counts. */
  record?: RunRecord
}

type OwnWords = NonNullable<ReturnType<typeof readDiary>>

/**
 * Stores a run's end with all that follows from it (ratings, friction, diary, the persona's next
 * due time), together or not at all: one statement.
 * @throws RunLostError when this worker no longer holds the run
 */
export async function recordEnd (
  db: Queryable,
  { lease, run }: TakenRun,
  marked: MarkedPersona,
  { end, reflection, record: given }: DayEnd
): Promise<void> {
  const { persona } = marked
  const record = given ?? await readRecord(db, run.id)
  const incidents = await findIncidents(run.id, marked, record)
  const isClean = incidents.length === 0
  const rated = reflection?.ok ? reflection.ratings : []
  const ratings = isClean ? rated : rated.map(setAside)
  // What somebody else may have dictated must not come back tomorrow as the persona's own memory.
  const words = reflection?.ok && isClean ? ownWords(record, reflection) : null
  const named = reflection?.ok && isClean
    ? { ...end, costliestModule: reflection.costliestModule }
    : end
  await writeHeld(
    db,
    lease,
    heldForEnd(lease, named, chargedLeftBehind(lease)),
    ...dayParts(record, persona, end, { incidents, ratings }),
    ...(ratings.length > 0 ? [insertedRatings(run.id, ratings)] : []),
    ...(reflection?.ok === false
      ? [insertedUnreadable(run.id, reflection.rawText, reflection.problems.join('; '))]
      : []),
    ...(words === null ? [] : [savedDiary(await remembered(db, persona, words))]),
    movedPersona(movesAfter(end))
  )
}

/**
 * Kept to be read, but it counts nowhere: whether the persona speaks or what it read cannot be
 * told.
 */
function setAside (rating: CheckedRating): CheckedRating {
  return { ...rating, grounded: false, ungroundedReason: 'incident' }
}

/** Ends a run that no worker holds, without ratings. */
export async function closeUnrated (trx: Queryable, run: Run, end: RunEnd): Promise<void> {
  const marked = await getMarkedPersona(trx, run.personaId)
  const record = await readRecord(trx, run.id)
  const incidents = await findIncidents(run.id, marked, record)
  await writeForEnded(
    trx,
    run.id,
    dayParts(record, marked.persona, end, { incidents, ratings: [] })
  )
  await chargeLeftBehind(trx, { runId: run.id, attempt: run.attempt })
}

/** The writes that every end of a run needs, by a worker or by an operator. */
function dayParts (
  { calls }: RunRecord,
  persona: Persona,
  end: RunEnd,
  { incidents, ratings }: { incidents: NewIncident[], ratings: CheckedRating[] }
): RawBuilder<unknown>[] {
  const visits = judgeVisits(calls.map(toFrictionAction), ratings, {
    over: end.walkedAwayOver ?? [],
    slowMs: slowMsFor(persona.patience)
  })
  return [
    closedActions(),
    ...(incidents.length > 0 ? [insertedIncidents(incidents)] : []),
    ...(visits.length > 0 ? [insertedVisits(visits)] : [])
  ]
}

/** The app does not know the persona, or not any more: trying for ever would only fill its log. */
const REFUSED_BY_THE_APP = new Set(['LOGIN_FAILED', 'MCP_UNAUTHORIZED'])

/** Whatever the end, the persona's next due time moves. */
function movesAfter ({ state, endReason, errorCode }: RunEnd): RawBuilder<unknown>[] {
  if (!wasLived(state)) {
    const isRefused = errorCode !== undefined && REFUSED_BY_THE_APP.has(errorCode)
    return [FAILED, isRefused ? strike(`The app refused the account (${errorCode})`) : NO_STRIKES]
  }
  return endReason === 'refusal' ? [SKIPPED, strike('The model refused to go on')] : [LIVED]
}

/**
 * What the persona wrote into its diary, without what it copied: what the app says must not come
 * back as its own memory.
 */
function ownWords ({ calls }: RunRecord, { diary }: ReadReflection): OwnWords | null {
  const entry = readDiary(diary)
  if (entry === null) return null
  const own = verbatimRemover(calls.map(call => call.resultText))
  return {
    did: own(entry.did),
    annoyed: own(entry.annoyed),
    plan: own(entry.plan),
    memory: entry.memory === null ? null : own(entry.memory)
  }
}

async function remembered (
  db: Queryable,
  persona: Persona,
  { memory, ...entry }: OwnWords
): Promise<Diary> {
  return addEntry(await loadDiary(db, persona.id), { date: isoDate(persona), ...entry }, memory)
}
