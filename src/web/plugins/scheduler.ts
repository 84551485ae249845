import fp from 'fastify-plugin'
import { messageOf, RunnerOffError } from '../../platform/errors.ts'
import { createQueue, type RunQueue } from '../../runner/runs/queue.ts'
import { createRunner } from '../../runner/runs/runner.ts'
import { tick, type Tick } from '../../runner/runs/tick.ts'
import { createPokes } from './pokes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    scheduler: {
      /** Variables without which nothing runs; empty: the runner is on. */
      missing: string[]
      queue: RunQueue
      isWorking(): boolean
      /** When somebody last looked for due personas, as ISO 8601. */
      lastPokeAt(): string | null
      /** When cron looks next, as ISO 8601; null: it does not run. */
      nextPokeAt(): string | null
      /** One tick now. @throws RunnerOffError */
      tick(): Promise<Tick>
    }
  }
}

/**
 * What running days get on a polite stop; together with closing the rest it stays below the 25 s
 * that an orchestrator waits.
 */
const STOP_TIMEOUT_MS = 20_000

/**
 * Cron is only a poke: who is due is decided in SQL with the database's clock, so a poke too many
 * or too few does no harm.
 */
export default fp(async app => {
  const { config, database, agent, apps, services } = app
  const isSet = {
    SERVICE_KEY: app.keys.service.length > 0,
    ANTHROPIC_API_KEY: config.ANTHROPIC_API_KEY !== undefined
  }
  const missing = (['SERVICE_KEY', 'ANTHROPIC_API_KEY'] as const).filter(name => !isSet[name])
  const queue = createQueue({
    database,
    runTimeoutMs: config.RUN_TIMEOUT_MS,
    heartbeatSeconds: config.HEARTBEAT_SECONDS,
    onError: error =>
      app.log.warn({ err: messageOf(error) }, 'queue maintenance failed; it tries again')
  })
  const dailyBudgetUsd = config.DAILY_BUDGET_USD ?? null
  const runner = createRunner({
    model: agent.model,
    findApp: apps.find,
    modelBreaker: services.model,
    db: database.db,
    queue,
    concurrency: config.PERSONA_CONCURRENCY,
    limits: {
      maxTurns: config.MAX_TURNS,
      maxToolCalls: config.MAX_TOOL_CALLS,
      maxInputTokens: config.MAX_INPUT_TOKENS,
      maxOutputTokens: config.MAX_OUTPUT_TOKENS,
      maxUsd: config.MAX_RUN_USD ?? null,
      dailyBudgetUsd,
      maxReplyTokens: config.MAX_REPLY_TOKENS,
      runTimeoutMs: config.RUN_TIMEOUT_MS
    },
    log: app.log
  })
  let working = false
  let lastPoke: Date | null = null
  let heldUpBy: string | null = null

  async function tickNow (): Promise<Tick> {
    if (missing.length > 0) throw new RunnerOffError(missing)
    if (config.RUNNER_PAUSED) return { id: null, paused: true, heldUpBy: null, opened: [] }
    lastPoke = new Date()
    const result = await tick(database.db, queue, {
      queueLimit: config.QUEUE_LIMIT,
      services: await services.all(),
      dailyBudgetUsd
    })
    if (result.heldUpBy !== null && result.heldUpBy !== heldUpBy) {
      app.log.warn(`nobody lives a day now: ${result.heldUpBy}`)
    }
    heldUpBy = result.heldUpBy
    if (result.id !== null) {
      app.log.info(
        { tick: result.id, due: result.opened.length },
        `tick opened ${result.opened.length} run(s)`
      )
    }
    return result
  }

  const pokes = createPokes(config.TICK_SCHEDULE, async () => {
    if (!working) return
    try {
      await tickNow()
    } catch (error) {
      app.log.error({ err: messageOf(error) }, 'tick failed; the next one tries again')
    }
  })

  async function start (): Promise<void> {
    await database.whenReady
    await queue.start()
    await database.keepPristine()
    if (missing.length > 0) {
      app.log.warn({ missing }, new RunnerOffError([...missing]).message)
      return
    }
    await runner.start()
    working = true
    pokes.start()
  }

  app.decorate('scheduler', {
    missing,
    queue,
    isWorking: () => working,
    lastPokeAt: () => lastPoke?.toISOString() ?? null,
    nextPokeAt: () => working && !config.RUNNER_PAUSED ? pokes.nextAt() : null,
    tick: tickNow
  })
  let starting: Promise<void> | undefined
  app.addHook('onReady', async () => {
    starting = start()
    // A server that is not there yet must not keep /health and /ready from answering.
    if (database.isReady()) {
      await starting
    } else {
      starting.catch(error => {
        app.log.error({ err: messageOf(error) }, 'the runner could not start')
      })
    }
  })
  app.addHook('preClose', async () => {
    await pokes.stop()
    const wasWorking = working
    working = false
    if (wasWorking) await runner.stop(STOP_TIMEOUT_MS)
    else if (database.isReady()) await queue.stop(1000).catch(() => {})
  })
}, { name: 'scheduler', dependencies: ['env', 'database', 'auth', 'agent'] })
