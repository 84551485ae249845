import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toMessages } from '../../src/runner/agent/history.ts'
import type { Queryable } from '../../src/platform/db/database.ts'
import { checkConversation } from 'scripted-claude/check-conversation'
import { checkMessages } from 'scripted-claude/check-messages'
import { toMessage } from '../../src/runner/runs/messages.ts'
import { auditCalls, auditRuns } from './tools/audit.ts'
import { mixFaults } from './tools/fault-mix.ts'
import { startFleet, type Worker } from './tools/fleet.ts'
import { seconds, until } from './tools/measure.ts'
import { countRuns, openStore, passPeriod } from './tools/store.ts'
import { withTeardown } from './tools/teardown.ts'
import { startWorld } from './tools/world.ts'
import type { Report, Scenario } from './scenario.ts'

const PLANS = {
  full: { personas: 1000, periods: 5, heapAfterPeriod: 2 as number | null, concurrency: '64' },
  short: { personas: 40, periods: 1, heapAfterPeriod: null, concurrency: '20' }
}
const SHARE = 0.2
const HEAP_LIMIT = 1.1
const PROBE = join(import.meta.dirname, 'tools/heap-probe.ts')

export const scenario: Scenario = {
  name: 'soak',
  shows:
    'with a fifth of all calls faulty every run becomes final, every history stays valid, and memory does not grow',
  async run (report, size) {
    const plan = PLANS[size]
    const seed = Number(process.env.FAULTS_SEED ?? randomInt(1_000_000))
    report.figure('seed (FAULTS_SEED)', seed)
    await withTeardown(async t => {
      const world = await startWorld(t, await openStore(t), plan)
      const { store: { db }, app, model } = world
      const mix = mixFaults(model, app, { seed, share: SHARE })
      const fleet = startFleet(t, world, {
        PERSONA_CONCURRENCY: plan.concurrency,
        TOOL_TIMEOUT_MS: '1000',
        DATABASE_POOL: '20'
      })
      const worker = await fleet.add({}, { nodeArgs: ['--expose-gc', '--import', PROBE] })

      let heapThen: number | null = null
      const startedAt = performance.now()
      for (let period = 1; period <= plan.periods; period++) {
        const expected = plan.personas * period
        const done = await until(async () => (await countRuns(db)).final >= expected, {
          limitMs: 900_000,
          everyMs: 250
        })
        report.check(`${expected} runs are final`, done, {
          ...await countRuns(db),
          output: fleet.output()
        })
        if (period === plan.heapAfterPeriod) heapThen = await heapOf(worker)
        if (period < plan.periods) await passPeriod(db)
      }
      const tookMs = performance.now() - startedAt
      if (heapThen !== null) compareHeaps(report, heapThen, await heapOf(worker))
      await checkHistories(report, db)
      report.check(
        'the model was never sent a history that the real one refuses',
        model.refusals.length === 0,
        model.refusals.slice(0, 3)
      )
      await auditRuns(report, db)
      await auditCalls(report, db, app.calls)
      report.figure('model calls, faulty', `${mix.modelCalls}, ${mix.modelFaults}`)
      report.figure('tool calls, faulty', `${mix.appCalls}, ${mix.appFaults}`)
      report.figure('all runs took', seconds(tookMs))
    })
  }
}

/** Bytes in use after a collection, once all that belongs to the last runs is let go. */
async function heapOf ({ child }: Worker): Promise<number> {
  await sleep(5000)
  const answer = once(child, 'message')
  child.send('heap')
  const [bytes] = await answer as [number]
  return bytes
}

function compareHeaps (report: Report, then: number, now: number): void {
  const mb = (bytes: number) => `${(bytes / 1_000_000).toFixed(1)} MB`
  report.check(
    'the heap has grown by 10 % at most since 2,000 runs',
    now <= then * HEAP_LIMIT,
    `${mb(then)}, then ${mb(now)}`
  )
  report.figure('heap at 2,000 runs', mb(then))
  report.figure('heap at the end', mb(now))
}

/**
 * Every request that was or could have been made from each journal: whatever it is cut off at, the
 * API must take it.
 */
async function checkHistories (report: Report, db: Queryable): Promise<void> {
  const runs = await db.selectFrom('runs').select('id').execute()
  const problems: string[] = []
  let histories = 0
  for (const { id } of runs) {
    const rows = await db.selectFrom('messages').selectAll().where('run_id', '=', id).orderBy('seq')
      .execute()
    const journal = rows.map(toMessage)
    for (let length = 1; length <= journal.length; length++) {
      const messages = toMessages(journal.slice(0, length), 'Not executed.')
      if (messages.at(-1)?.role !== 'user') continue
      histories++
      const problem = checkMessages({ messages }) ?? checkConversation({ messages })
      if (problem !== null) problems.push(`${id} at ${length}: ${problem}`)
    }
  }
  report.check(
    'every journal is a valid history, wherever it is cut off',
    problems.length === 0,
    problems.slice(0, 5)
  )
  report.figure('histories checked', histories)
}
