import { createClaude } from '../../src/runner/models/anthropic/claude.ts'
import { openMcpToolbox } from '../../src/runner/mcp/toolbox.ts'
import { OPEN_POLICY } from '../../src/runner/tools/tool-policy.ts'
import { noAccounts } from '../../src/runner/accounts/account.ts'
import { openDatabase } from '../../src/platform/db/database.ts'
import { upsertPersona } from '../../src/personas/repository.ts'
import type { Persona } from '../../src/personas/schemas.ts'
import type { RunQueue } from '../../src/runner/runs/queue.ts'
import { openRuns } from '../../src/runner/runs/repository.ts'
import { createRunner } from '../../src/runner/runs/runner.ts'
import { RUN_LIMITS } from '../../test/helpers/limits.ts'
import { MODEL, SYSTEM, type Arm, type Places } from './arm.ts'

/**
 * A whole run as the product lives it, on a Postgres server: breakers, journal, diary, ratings,
 * friction. Only pg-boss is left out.
 */
export async function openArm ({ modelUrl, mcpUrl, databaseUrl }: Places): Promise<Arm> {
  const database = await openDatabase({
    url: databaseUrl,
    dataDir: '',
    poolSize: 10,
    onError: error => console.error(error.message)
  })
  const { db } = database
  let execute: (runId: string) => Promise<void> = async () => {}
  const queue: RunQueue = {
    start: async () => {},
    enqueue: async () => {},
    wake: () => {},
    stop: async () => {},
    work: async (_concurrency, work) => {
      execute = work
    }
  }
  const runner = createRunner({
    db,
    model: createClaude({ apiKey: 'stand-in', baseUrl: modelUrl, model: MODEL }),
    findApp: async () => ({
      breaker: 'app:bench',
      accounts: noAccounts,
      openToolbox: (account, signal) =>
        openMcpToolbox({ ...account, url: mcpUrl, callTimeoutMs: 10_000, trusted: false }, signal),
      toolPolicy: { ...OPEN_POLICY, changes: 'warn' }
    }),
    limits: RUN_LIMITS,
    queue,
    modelBreaker: 'model:bench',
    concurrency: 1,
    log: {
      info: () => {},
      warn: () => {},
      error: (fields, message) => console.error(message, fields)
    }
  })
  await runner.start()
  // Each is free again when its run is over; only the first runs of a process have to make one.
  const free: Persona[] = []
  let made = 0
  const makePersona = async () =>
    (await upsertPersona(db, {
      email: `bench-${process.pid}-${++made}@personas.test`,
      name: 'Mara',
      archetype: 'researcher',
      systemPrompt: SYSTEM,
      moduleMix: {},
      tickCadence: 'daily',
      locale: 'en'
    })).persona
  return {
    async run () {
      const persona = free.pop() ?? await makePersona()
      const [opened] = await openRuns(db, [persona], null)
      if (opened === undefined) throw new Error('no run was opened')
      await execute(opened.runId)
      free.push(persona)
    },
    async close () {
      // Not after each run: the peers look nothing up either.
      const unfinished = await db.selectFrom('runs').select([
        'state',
        'error_message',
        'end_reason'
      ]).where('state', '<>', 'completed').executeTakeFirst()
      await database.close()
      if (unfinished !== undefined) {
        throw new Error(
          `a run ended ${unfinished.state}: ${unfinished.error_message ?? unfinished.end_reason}`
        )
      }
    }
  }
}
