import type { Queryable } from '../../platform/db/database.ts'
import { codeOf, messageOf, RunLostError, type Outage } from '../../platform/errors.ts'
import { FAILED, strike } from '../../personas/moves.ts'
import { getMarkedPersona, movePersona } from '../../personas/repository.ts'
import { closeBreaker, endProbes, enterBreakers, nameOf, type Services } from './breakers.ts'
import { deferForOutage, mayWaitOn, waitInQueue, type Deferral } from './defer.ts'
import type { AppUnderTest, RunDependencies } from './execute-run.ts'
import type { RunQueue } from './queue.ts'
import { closeUnrated, recordEnd } from './record-end.ts'
import { abandonRun, holdRun, takeRun, type TakenRun } from './repository.ts'
import { chargeLeftBehind } from './spending.ts'
import type { RunEnd } from './states.ts'
import { tellStored, tellToolNews } from './tool-news.ts'

interface RunnerLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

interface RunnerOptions extends Omit<RunDependencies, keyof AppUnderTest> {
  queue: RunQueue
  /** The id of the model's breaker. */
  modelBreaker: string
  /** The app of this name, as it is by now. */
  findApp(name: string): Promise<AppUnderTest & { breaker: string }>
  concurrency: number
  log: RunnerLog
}

/** Takes runs from the queue and lives them, until it is stopped. */
interface Runner {
  start(): Promise<void>
  /** Lets running days reach their next journaled step and hands them back. */
  stop(timeoutMs: number): Promise<void>
}

export function createRunner (options: RunnerOptions): Runner {
  const { db, queue, modelBreaker, findApp, log } = options
  const stopping = new AbortController()
  const onToolNews = tellToolNews(options.log)

  async function execute (runId: string): Promise<void> {
    const taken = await takeRun(db, runId)
    if (taken === undefined) return
    try {
      // What an attempt that died had reserved was perhaps spent.
      if (taken.lease.attempt > 1) {
        taken.run.unansweredUsd += await chargeLeftBehind(db, {
          runId,
          attempt: taken.lease.attempt - 1
        })
      }
      const app = await findApp(taken.run.app)
      const services = { model: modelBreaker, app: app.breaker }
      const admission = await enterBreakers(db, services)
      if (mayWaitOn(taken, admission)) await defer(taken, admission)
      else await live(taken, app, services, admission.admitted ? admission.probing : new Set())
    } catch (error) {
      if (error instanceof RunLostError) return
      log.error({
        runId,
        attempt: taken.lease.attempt,
        personaId: taken.run.personaId,
        code: codeOf(error),
        err: messageOf(error)
      }, 'attempt failed; the queue tries again')
      throw error
    }
  }

  /** @param probing breakers that this run may close */
  async function live (
    taken: TakenRun,
    app: AppUnderTest,
    services: Services,
    probing: Set<string>
  ): Promise<void> {
    // The service recovered while this run waited, so the run is tried again.
    const othersGotThrough = taken.deferredMs > 0 && probing.size === 0
    // Loaded with the first run: a process that only answers starts sooner and holds less.
    const { executeRun } = await import('./execute-run.ts')
    const outcome = await executeRun(
      { ...options, ...app, onToolNews },
      taken,
      stopping.signal,
      async service => {
        if (probing.delete(services[service])) {
          await recovered(
            service,
            services[service],
            taken.run.app
          )
        }
      }
    )
    if (outcome.kind === 'final') logEnd(log, taken, outcome.end)
    if (outcome.kind === 'released') await handBack(db, queue, taken)
    if (outcome.kind === 'deferred') {
      // Out of order for this one alone: it must not keep all others waiting again and again.
      const deferral = othersGotThrough
        ? null
        : await deferForOutage(db, services, taken, outcome.outage, outcome.end)
      await (deferral === null ? end(taken, outcome.end) : defer(taken, deferral))
    }
    await endProbes(db, probing)
  }

  async function end (taken: TakenRun, end: RunEnd): Promise<void> {
    await recordEnd(db, taken, await getMarkedPersona(db, taken.run.personaId), {
      end,
      reflection: null
    })
    logEnd(log, taken, end)
  }

  async function recovered (
    service: Outage['service'],
    breaker: string,
    name: string
  ): Promise<void> {
    const app = service === 'app' ? name : null
    if (await closeBreaker(db, breaker)) {
      log.info({ service, app }, `${nameOf({ service, app })} answers again`)
    }
  }

  async function defer (taken: TakenRun, deferral: Deferral): Promise<void> {
    if (!await waitInQueue(db, queue, taken, deferral)) {
      return end(taken, { state: 'incomplete', endReason: 'cancelled' })
    }
    const { lease: { runId }, run: { personaId } } = taken
    log.warn(
      { runId, personaId, waitMs: Math.round(deferral.waitMs), reason: deferral.reason },
      'run deferred: a service is out of order'
    )
  }

  async function abandon (runId: string): Promise<void> {
    const abandoned = await db.transaction().execute(async trx => {
      const run = await abandonRun(trx, runId)
      if (run === undefined) return undefined
      const end: RunEnd = { state: 'abandoned', endReason: run.endReason }
      await closeUnrated(trx, run, end)
      const paused = await movePersona(trx, run.personaId, [
        FAILED,
        strike('No worker could finish the run (RUN_ABANDONED)')
      ])
      return { personaId: run.personaId, paused }
    })
    if (abandoned !== undefined) {
      log.warn(
        { runId, ...abandoned, code: 'RUN_ABANDONED' },
        'run abandoned: no attempt finished it'
      )
    }
  }

  return {
    async start () {
      await tellStored(db, log, async name => (await findApp(name)).toolPolicy)
      await queue.work(options.concurrency, execute, abandon)
    },
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
    await queue.enqueue(trx, [lease])
  })
}

function logEnd (log: RunnerLog, { lease, run, ageMs }: TakenRun, end: RunEnd): void {
  const fields = {
    runId: lease.runId,
    personaId: run.personaId,
    attempt: lease.attempt,
    state: end.state,
    endReason: end.endReason,
    endDetail: end.endDetail,
    code: end.errorCode,
    reason: end.errorMessage
  }
  if (end.state === 'failed') log.warn({ ...fields, ageMs }, 'run failed')
  else log.info(fields, `run ${end.state}`)
}
