import { sql } from 'kysely'
import { openDatabase, type Queryable } from '../../../src/platform/db/database.ts'
import { migrate } from '../../../src/platform/db/migrate.ts'
import { createServerDatabase } from '../../helpers/database.ts'
import { startPostgres, type PostgresServer } from '../../helpers/postgres-server.ts'
import type { Teardown } from './teardown.ts'

/** A migrated database that many processes share, and a handle to look into it with. */
export interface Store {
  url: string
  db: Queryable
}

/** On the server of the test run, or on one of its own where there is none. */
export async function openStore (t: Teardown): Promise<Store> {
  if (process.env.TEST_DATABASE_URL === undefined) return openOwnStore(t)
  return openAt(t, await createServerDatabase(t as never))
}

/** On a server of its own, which may be broken without harm to others. */
export async function openOwnStore (t: Teardown): Promise<Store & { server: PostgresServer }> {
  const server = await startPostgres()
  t.teardown(() => server.stop('immediate'))
  return { ...await openAt(t, server.url), server }
}

async function openAt (t: Teardown, url: string): Promise<Store> {
  const { db, close } = await openDatabase({ url, dataDir: '', poolSize: 4, onError: () => {} })
  t.teardown(close)
  await migrate(db)
  return { url, db }
}

/** The process with this name in its connections, for the triggers of `watch-writes.ts`. */
export function urlFor (store: Store, worker: string): string {
  const url = new URL(store.url)
  url.searchParams.set('application_name', worker)
  return url.href
}

/** Personas of the stand-in model, who have never run. */
export async function addPersonas (db: Queryable, count: number): Promise<void> {
  await sql`
    INSERT INTO personas (email, name, archetype, system_prompt, cadence, time_zone, locale)
    SELECT 'p' || i || '@faults.test', 'P' || i, 'tester', 'You are p' || i || '@faults.test.', 'hourly', 'UTC', 'en'
    FROM generate_series(1, ${count}::int) AS i`.execute(db)
}

/**
 * Everybody who has lived is due again: the database's clock decides, so the rows travel in time.
 * By no more than the hour it takes: those who are late by more are spread over minutes.
 */
export async function passPeriod (db: Queryable): Promise<void> {
  await sql`
    UPDATE personas SET last_active_at = now() - interval '61 minutes', not_before = NULL, paused = false, strikes = 0
    WHERE last_active_at IS NOT NULL OR not_before IS NOT NULL OR paused`.execute(db)
}

export async function countRuns (
  db: Queryable
): Promise<{ all: number, open: number, queued: number, final: number }> {
  const { rows: [row] } = await sql<{ all: string, open: string, queued: string }>`
    SELECT count(*) AS all, count(*) FILTER (WHERE finished_at IS NULL) AS open,
           count(*) FILTER (WHERE finished_at IS NULL AND state = 'queued') AS queued
    FROM runs`.execute(db)
  const all = Number(row?.all)
  const open = Number(row?.open)
  return { all, open, queued: Number(row?.queued), final: all - open }
}
