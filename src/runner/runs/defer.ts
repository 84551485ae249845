import type { Queryable } from '../../platform/db/database.ts'
import type { Outage } from '../../platform/errors.ts'
import { openBreaker, type Admission, type Services } from './breakers.ts'
import type { RunQueue } from './queue.ts'
import { deferRun, holdRun, type TakenRun } from './repository.ts'
import type { RunEnd } from './states.ts'

/** A run that has waited this long in all for others is given up. */
const LONGEST_DEFERRAL_MS = 6 * 3_600_000
/** Runs that wait for the same service come back one after the other, within this time. */
const SPREAD_MS = 30_000

export interface Deferral {
  waitMs: number
  reason: string
}

/**
 * Puts a run back in the queue until a service may have recovered.
 * @returns false: somebody has asked for its end, so it does not wait
 * @throws RunLostError
 */
export function waitInQueue (
  db: Queryable,
  queue: RunQueue,
  { lease }: TakenRun,
  { waitMs, reason }: Deferral
): Promise<boolean> {
  const afterMs = waitMs + Math.random() * SPREAD_MS
  return db.transaction().execute(async trx => {
    if ((await holdRun(trx, lease)).cancelRequested) return false
    await deferRun(trx, lease, { waitMs: afterMs, reason })
    await queue.enqueue(trx, [{ ...lease, afterMs }])
    return true
  })
}

/**
 * A run met a service out of order: all others are to know. @returns null when this run has waited
 * long enough
 */
export async function deferForOutage (
  db: Queryable,
  services: Services,
  taken: TakenRun,
  outage: Outage,
  end: RunEnd
): Promise<Deferral | null> {
  const why = { code: end.errorCode ?? 'INTERNAL', reason: end.errorMessage ?? '' }
  const waitMs = await openBreaker(db, services[outage.service], outage, why)
  return taken.deferredMs >= LONGEST_DEFERRAL_MS
    ? null
    : { waitMs, reason: `${why.code}: ${why.reason}` }
}

/** Whether a run that was not admitted has waited long enough. */
export function mayWaitOn (
  taken: TakenRun,
  admission: Admission
): admission is Extract<Admission, { admitted: false }> {
  return !admission.admitted && taken.deferredMs < LONGEST_DEFERRAL_MS
}
