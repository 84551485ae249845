import type { Queryable } from '../../platform/db/database.ts'
import { SKIPPED } from '../../personas/moves.ts'
import { movePersona } from '../../personas/repository.ts'
import { closeUnrated } from './record-end.ts'
import { requestCancel } from './repository.ts'
import type { Run } from './schemas.ts'
import { isFinal } from './states.ts'

/**
 * Asks a run to end. One that was still waiting is final at once, and its persona is due again one
 * cadence from now: the next tick must not open what an operator has just ended.
 * @throws RunNotFoundError, RunNotOpenError
 */
export function cancelRun (db: Queryable, runId: string): Promise<Run> {
  return db.transaction().execute(async trx => {
    const run = await requestCancel(trx, runId)
    if (isFinal(run.state)) {
      const end = { state: run.state, endReason: run.endReason }
      // One that waited for a service may have read a lot before.
      await closeUnrated(trx, run, end)
      await movePersona(trx, run.personaId, [SKIPPED])
    }
    return run
  })
}
