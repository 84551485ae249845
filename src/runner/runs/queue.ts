import { PgBoss, fromKysely, systemClock, type Clock } from 'pg-boss'
import type { OpenDatabase, Queryable } from '../../platform/db/database.ts'

/**
 * The one door to pg-boss. A job carries the id of a run and nothing else: what a run is stands in
 * its own row.
 */

const RUNS = 'runs'
/** The dead-letter queue: runs that no worker finished within the allowed attempts. */
const ABANDONED = 'runs-abandoned'

/**
 * A run that was begun goes before all that nobody has begun: its persona is in the middle of its
 * day, and the run's time limit goes on while it waits. Said as soon as a worker takes it, because
 * nobody can say it for a worker that dies; pg-boss itself changes jobs only while they wait.
 */
const BEGUN = 1
const MARK_BEGUN = `UPDATE pgboss.job SET priority = ${BEGUN} WHERE name = '${RUNS}' AND id = $1`

/**
 * A clock that no one sets. pg-boss takes the time since its last look off the next pause: with the
 * wall clock set back by two hours meanwhile, its workers would sleep for two hours.
 */
const STEADY_CLOCK: Clock = {
  ...systemClock,
  now: () => performance.timeOrigin + performance.now()
}

/** One of all processes looks this often for runs whose worker was not heard of. */
const SUPERVISE_SECONDS = 5

/** Two retries after the first attempt make three attempts. */
const RETRY_LIMIT = 2

interface QueueOptions {
  database: Pick<OpenDatabase, 'backend' | 'executeSql'>
  /** A run that takes longer than this is taken from its worker, in milliseconds. */
  runTimeoutMs: number
  /**
   * A worker that has not been heard of for this long is taken for dead; it reports four times as
   * often.
   */
  heartbeatSeconds: number
  onError: (error: Error) => void
}

export interface RunQueue {
  start(): Promise<void>
  /**
   * Puts runs in the queue within the caller's transaction: they are in it exactly if their rows
   * are.
   */
  enqueue(trx: Queryable, runs: QueuedRun[]): Promise<void>
  /**
   * Begins to take runs from the queue.
   * @param execute must leave the run final, released or to be retried (by throwing)
   * @param abandon called for a run whose attempts are used up
   */
  work(
    concurrency: number,
    execute: (runId: string) => Promise<void>,
    abandon: (runId: string) => Promise<void>
  ): Promise<void>
  /**
   * Makes this process look for a run now and not at its next poll. Call it after the transaction
   * that enqueued.
   */
  wake(): void
  /** Takes nothing more, and waits for what is under way, at most so long. */
  stop(timeoutMs: number): Promise<void>
}

interface RunJob {
  runId: string
}
type QueueSettings = Parameters<PgBoss['createQueue']>[1]

export interface QueuedRun {
  runId: string
  /** No worker takes it sooner, in milliseconds from now by the database's clock. */
  afterMs?: number
  /** How often a worker has taken it. */
  attempt?: number
}

export function createQueue (
  { database: { backend, executeSql }, runTimeoutMs, heartbeatSeconds, onError }: QueueOptions
): RunQueue {
  const boss = new PgBoss({
    db: { executeSql },
    backend,
    schema: 'pgboss',
    createSchema: false,
    schedule: false,
    clock: STEADY_CLOCK,
    superviseIntervalSeconds: SUPERVISE_SECONDS,
    monitorIntervalSeconds: SUPERVISE_SECONDS
  })
  boss.on('error', onError)
  let worker: string | undefined

  /**
   * Two processes may both find that there is none: making one that is there already does nothing.
   */
  async function declare (
    name: string,
    options: QueueSettings,
    unchanging: QueueSettings = {}
  ): Promise<void> {
    if (await boss.getQueue(name) === null) {
      await boss.createQueue(name, { ...options, ...unchanging })
    } else await boss.updateQueue(name, options)
  }

  return {
    async start () {
      await boss.start()
      const options = {
        retryLimit: RETRY_LIMIT,
        retryDelay: 2,
        retryBackoff: true,
        retryDelayMax: 60,
        heartbeatSeconds,
        // The run's own time limit ends it first; this is for a worker that hangs.
        expireInSeconds: Math.ceil(runTimeoutMs / 1000) + 120,
        deleteAfterSeconds: 24 * 3600
      }
      // Tried until it is done: without it a run would stay open for ever.
      const abandonedOptions = {
        retryLimit: 1000,
        retryDelay: 2,
        retryBackoff: true,
        retryDelayMax: 30,
        heartbeatSeconds
      }
      await declare(ABANDONED, abandonedOptions)
      await declare(RUNS, options, { deadLetter: ABANDONED })
      // A process that takes the place of one that died looks for its runs at once. pg-boss would
      // do so later, and where no process lives that long nobody would ever look.
      await boss.supervise().catch(onError)
    },
    async enqueue (trx, runs) {
      if (runs.length === 0) return
      const startAfter = ({ afterMs = 0 }: QueuedRun) =>
        afterMs > 0 ? { startAfter: Math.ceil(afterMs / 1000) } : {}
      const jobs = runs.map(run => ({
        data: { runId: run.runId },
        priority: (run.attempt ?? 0) > 0 ? BEGUN : 0,
        ...startAfter(run)
      }))
      await boss.insert(RUNS, jobs, { db: fromKysely(trx) })
    },
    async work (concurrency, execute, abandon) {
      const pollingIntervalSeconds = concurrency <= 8 ? 0.5 : 2
      const heartbeatRefreshSeconds = Math.floor(heartbeatSeconds / 4)
      const options = {
        localConcurrency: concurrency,
        pollingIntervalSeconds,
        heartbeatRefreshSeconds
      }
      worker = await boss.work<RunJob>(RUNS, options, async jobs => {
        for (const job of jobs) {
          await executeSql(MARK_BEGUN, [job.id])
          await execute(job.data.runId)
        }
      })
      // Many at a time: where processes die one after the other, many runs are given up.
      await boss.work<RunJob>(ABANDONED, {
        pollingIntervalSeconds: 2,
        batchSize: 100,
        heartbeatRefreshSeconds
      }, async jobs => {
        for (const job of jobs) await abandon(job.data.runId)
      })
    },
    wake () {
      if (worker !== undefined) boss.notifyWorker(worker)
    },
    stop: timeoutMs => boss.stop({ graceful: true, timeout: timeoutMs, close: false })
  }
}
