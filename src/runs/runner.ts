import type { Queryable } from '../db/database.ts'
import { codeOf, messageOf } from '../errors.ts'
import { recordFailure } from '../personas/repository.ts'
import { executeRun, type RunDependencies } from './execute-run.ts'
import type { RunQueue } from './queue.ts'
import { abandonRun, holdRun, takeRun, type TakenRun } from './repository.ts'
import type { RunEnd } from './states.ts'

export interface RunnerLog {
  info (fields: object, message: string): void
  warn (fields: object, message: string): void
  error (fields: object, message: string): void
}

export interface RunnerOptions extends RunDependencies {
  queue: RunQueue
  concurrency: number
  log: RunnerLog
}

/** Takes runs from the queue and lives them, until it is stopped. */
export interface Runner {
  start (): Promise<void>
  /** Lets running days reach their next journaled step and hands them back. */
  stop (timeoutMs: number): Promise<void>
}

export function createRunner (options: RunnerOptions): Runner {
  const { db, queue, log } = options
  const stopping = new AbortController()

  async function execute (runId: string): Promise<void> {
    const taken = await takeRun(db, runId)
    if (taken === undefined) return
    try {
      const outcome = await executeRun(options, taken, stopping.signal)
      if (outcome.kind === 'final') logEnd(log, taken, outcome.end)
      if (outcome.kind === 'released') await handBack(db, queue, taken)
    } catch (error) {
      log.error({ runId, attempt: taken.lease.attempt, personaId: taken.run.personaId, code: codeOf(error), err: messageOf(error) }, 'attempt failed; the queue tries again')
      throw error
    }
  }

  async function abandon (runId: string): Promise<void> {
    const abandoned = await db.transaction().execute(async trx => {
      const run = await abandonRun(trx, runId)
      if (run !== undefined) await recordFailure(trx, run.personaId)
      return run
    })
    if (abandoned !== undefined) log.warn({ runId, personaId: abandoned.personaId, code: 'RUN_ABANDONED' }, 'run abandoned: no attempt finished it')
  }

  return {
    start: () => queue.work(options.concurrency, execute, abandon),
    async stop (timeoutMs) {
      stopping.abort()
      await queue.stop(timeoutMs)
    }
  }
}

/** Puts a run back in the queue for another process. Its journal says where to go on. */
function handBack (db: Queryable, queue: RunQueue, { lease }: TakenRun): Promise<void> {
  return db.transaction().execute(async trx => {
    await holdRun(trx, lease)
    await queue.enqueue(trx, [lease.runId])
  })
}

function logEnd (log: RunnerLog, { lease, run, ageMs }: TakenRun, end: RunEnd): void {
  const fields = {
    runId: lease.runId,
    personaId: run.personaId,
    attempt: lease.attempt,
    state: end.state,
    endReason: end.endReason,
    code: end.errorCode,
    reason: end.errorMessage
  }
  if (end.state === 'failed') log.warn({ ...fields, ageMs }, 'run failed')
  else log.info(fields, `run ${end.state}`)
}
