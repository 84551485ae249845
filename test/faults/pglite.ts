import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../../src/platform/db/database.ts'
import { ADMIN_KEY, admin, PERSONA, service, SERVICE_KEY } from '../helpers/app.ts'
import { startServer, type ServerProcess } from '../helpers/server-process.ts'
import { percentile, seconds } from './tools/measure.ts'
import { withTeardown, type Teardown } from './tools/teardown.ts'
import type { Report, Scenario } from './scenario.ts'

const PLANS = { full: { kills: 40 }, short: { kills: 3 } }
const REFUSED_LIMIT_MS = 1000
/** A process that has not ended by then was let in. */
const NOT_REFUSED_MS = 30_000
/** Rows of one batch: it must be there as a whole or not at all. */
const BATCH = 20

export const scenario: Scenario = {
  name: 'pglite',
  shows: 'kill -9 on embedded storage loses no acknowledged row, and a second process is refused',
  async run (report, size) {
    const { kills } = PLANS[size]
    await withTeardown(async t => {
      const folder = mkdtempSync(join(tmpdir(), 'persona-runner-faults-'))
      t.teardown(() => rmSync(folder, { recursive: true, force: true }))
      const ledger: Ledger = { sent: new Map(), acknowledged: new Set() }
      const bootMs: number[] = []
      let personaId = ''
      for (let i = 0; i < kills; i++) {
        const startedAt = performance.now()
        const server = startServer(t, { DATA_DIR: folder, SERVICE_KEY, ADMIN_KEY })
        const address = await server.listening
        bootMs.push(performance.now() - startedAt)
        personaId ||= await createPersona(address)
        if (i === 0) await refuseSecond(t, report, folder)
        await killWhilePosting(server, { address, personaId, round: i }, ledger)
      }
      await compare(report, folder, ledger)
      report.figure('kills', kills)
      report.figure('start after a kill, p50', seconds(percentile(bootMs.slice(1), 0.5)))
    })
  }
}

interface Ledger {
  /** Tick id to the number of rows in its batch. */
  sent: Map<string, number>
  /** Tick ids that were answered with 200. */
  acknowledged: Set<string>
}

async function createPersona (address: string): Promise<string> {
  const headers = { ...admin, 'content-type': 'application/json' }
  const response = await fetch(`${address}/api/v1/admin/personas`, {
    method: 'POST',
    headers,
    body: JSON.stringify(PERSONA)
  })
  return ((await response.json()) as { id: string }).id
}

/** Posts batches without a pause until the process is killed, after up to a second. */
async function killWhilePosting (
  server: ServerProcess,
  to: { address: string, personaId: string, round: number },
  { sent, acknowledged }: Ledger
): Promise<void> {
  const { address, personaId, round } = to
  const post = async (lane: number) => {
    for (let i = 0;; i++) {
      const tickId = `k${round}-${lane}-${i}`
      sent.set(tickId, BATCH)
      const actions = Array.from(
        { length: BATCH },
        (_, n) => ({ tickId, toolName: `todo.create${n}`, result: 'ok' })
      )
      const answer = await fetch(`${address}/api/v1/internal/personas/${personaId}/actions`, {
        method: 'POST',
        headers: { ...service, 'content-type': 'application/json' },
        body: JSON.stringify({ actions })
      }).catch(() => null)
      if (answer === null) return
      if (answer.status === 200) acknowledged.add(tickId)
    }
  }
  const lanes = [0, 1, 2].map(post)
  await sleep(100 + Math.random() * 900)
  server.signal('SIGKILL')
  await server.ended
  await Promise.all(lanes)
}

/**
 * By a process like the first, and by the lock itself: most of the process's time goes into loading
 * its code.
 */
async function refuseSecond (t: Teardown, report: Report, folder: string): Promise<void> {
  const startedAt = performance.now()
  const second = startServer(t, { DATA_DIR: folder, SERVICE_KEY, ADMIN_KEY })
  await Promise.race([second.ended, sleep(NOT_REFUSED_MS, undefined, { ref: false })])
  const code = second.child.exitCode
  report.figure('a second process ends after', seconds(performance.now() - startedAt))
  report.check(
    'a second process ends with 1 and says why',
    code === 1 && second.output().includes('is in use by another process'),
    second.output()
  )
  const askedAt = performance.now()
  const refusal = await openDatabase({ dataDir: folder, poolSize: 1, onError: () => {} }).catch((
    error: { code?: string }
  ) => error.code)
  const refusedMs = performance.now() - askedAt
  const inTime = refusal === 'DATA_FOLDER_IN_USE' && refusedMs <= REFUSED_LIMIT_MS
  report.check(`it is refused within ${seconds(REFUSED_LIMIT_MS)} of asking`, inTime, {
    refusal,
    refusedMs
  })
  report.figure('refused after', `${Math.round(refusedMs)} ms`)
}

async function compare (
  report: Report,
  folder: string,
  { sent, acknowledged }: Ledger
): Promise<void> {
  const { db, close } = await openDatabase({ dataDir: folder, poolSize: 1, onError: () => {} })
  try {
    const rows = await db.selectFrom('persona_actions').select(
      eb => ['tick_id', eb.fn.countAll<string>().as('n')]
    ).groupBy('tick_id').execute()
    const stored = new Map(rows.map(row => [row.tick_id, Number(row.n)]))
    const lost = [...acknowledged].filter(tickId => stored.get(tickId) !== BATCH)
    report.check(
      'no acknowledged row is lost',
      acknowledged.size > 0 && lost.length === 0,
      lost.slice(0, 5)
    )
    const torn = [...stored].filter(([tickId, n]) => n !== sent.get(tickId))
    report.check('no batch is torn', torn.length === 0, torn.slice(0, 5))
    report.figure('acknowledged rows', acknowledged.size * BATCH)
    report.figure('batches in flight at a kill', sent.size - acknowledged.size)
  } finally {
    await close()
  }
}
