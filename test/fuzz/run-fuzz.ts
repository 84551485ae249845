import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { searchAllRuns } from '../../src/analysis/findings/catch-up.ts'
import { storeAccount } from '../../src/runner/accounts/vault.ts'
import { putApp } from '../../src/runner/apps/repository.ts'
import { createPersona, startTestApp } from '../helpers/app.ts'
import { openTestDatabase } from '../helpers/database.ts'
import { insightRows } from '../helpers/insight-rows.ts'
import { VIEWER_KEY } from '../helpers/pages.ts'
import { fuzz, type FuzzReport } from './fuzzer.ts'

const STATES = [
  'completed',
  'failed',
  'incomplete',
  'queued',
  'queued',
  'queued',
  'queued',
  'queued'
] as const

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

/** The fuzzer against the whole application, on a database with a little of everything in it. */
export async function runFuzz (
  t: Teardown,
  options: { requests: number, seed: number }
): Promise<FuzzReport> {
  const database = await openTestDatabase(t)
  const ENCRYPTION_KEYS = `k1:${randomBytes(32).toString('base64')}`
  const app = await startTestApp(t, {
    database,
    env: { VIEWER_KEY, ACCOUNTS: 'headers', ENCRYPTION_KEYS }
  })
  await fill(app)
  return fuzz(await app.listen({ port: 0, host: '127.0.0.1' }), options)
}

async function fill (app: FastifyInstance): Promise<void> {
  const rows = insightRows(app.database.db)
  await putApp(app.database.db, 'shop', { mcpUrl: 'http://127.0.0.1:9/mcp' }, null)
  for (const [i, state] of STATES.entries()) {
    const { id } = await createPersona(app, { email: `fuzz-${i}@personas.test` })
    await storeAccount(app.apps.vault, id, { bearer: 'a-token' }, 'headers')
    await rows.run(`run-${i}`, id, {
      state,
      ...(state === 'queued' && { finished_at: null, started_at: null })
    })
    await rows.action(`run-${i}`, 1, 'todo.create')
    await rows.visit(`run-${i}`, 'todo', { friction: 0.5 })
    await rows.rating(`run-${i}`, 'todo', 1 + i % 5)
    await rows.action(`run-${i}`, 2, `notes.fails-${i}`, {
      result: 'error',
      error_message: 'out of order',
      blame: 'app'
    })
  }
  await searchAllRuns(app.database.db)
}
