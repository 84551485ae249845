import { sql } from 'kysely'
import { FIRST_APP } from '../../personas/app-name.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { PREPARED } from '../../platform/db/prepared.ts'
import type { Outage } from '../../platform/errors.ts'

/**
 * All SQL on breakers: what one run found out about a service that is out of order, so that all
 * others, in whichever process, wait for it instead of finding out for themselves. A breaker is
 * open until its time is over; then one run at a time may try (half-open), and the first that gets
 * through closes it. No row: closed.
 */

/** The services a run needs, by the ids of their breakers. */
export type Services = Record<Outage['service'], string>

/** Everything that runs depend on, by the ids of the breakers; the apps by their names. */
export interface AllServices {
  model: string
  apps: ReadonlyMap<string, string>
}

export interface Breaker {
  id: string
  service: Outage['service']
  /** Null: not an app. */
  app: string | null
  state: 'open' | 'half-open'
  code: string
  reason: string
  failures: number
  openedAt: string
  openUntil: string
}

/** The first wait, doubled with every failed try up to the longest. */
const FIRST_WAIT = '30 seconds'
const LONGEST_WAIT = '15 minutes'
/** A service that asks for more is asked again after this long all the same, in milliseconds. */
const LONGEST_RETRY_AFTER_MS = 3_600_000
/** A try that is not heard of for this long is over. */
const PROBE = '2 minutes'
/** How long to wait while somebody else tries, in milliseconds. */
const WHILE_PROBED_MS = 10_000

export type Admission = { admitted: true, probing: Set<string> } | {
  admitted: false
  waitMs: number
  reason: string
}

/** Asks for leave to use these services. One that is half-open lets one run in at a time. */
export async function enterBreakers (db: Queryable, services: Services): Promise<Admission> {
  const ids = Object.values(services)
  const { rows } = await sql<{ id: string, wait_ms: number, reason: string }>`${PREPARED}
    SELECT id, (extract(epoch FROM open_until - now()) * 1000)::float8 AS wait_ms, code || ': ' || reason AS reason
    FROM breakers WHERE id = ANY(${ids}) ORDER BY open_until DESC, id`.execute(db)
  const [latest] = rows
  if (latest === undefined) return { admitted: true, probing: new Set() }
  if (latest.wait_ms > 0) return { admitted: false, waitMs: latest.wait_ms, reason: latest.reason }
  const { rows: taken } = await sql<{ id: string }>`
    UPDATE breakers SET probe_until = now() + ${sql.lit(PROBE)}::interval
    WHERE id = ANY(${ids}) AND open_until <= now() AND (probe_until IS NULL OR probe_until <= now()) RETURNING id`
    .execute(db)
  const probing = new Set(taken.map(row => row.id))
  if (taken.length === rows.length) return { admitted: true, probing }
  await endProbes(db, probing)
  return { admitted: false, waitMs: WHILE_PROBED_MS, reason: latest.reason }
}

/**
 * A run found the service out of order. Of several runs that find out at once only the first makes
 * the wait longer.
 * @returns how long to leave it alone, in milliseconds
 */
export async function openBreaker (
  db: Queryable,
  id: string,
  { service, retryAfterMs = 0 }: Outage,
  why: { code: string, reason: string }
): Promise<number> {
  const asked = `${Math.ceil(Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS))} milliseconds`
  const wait = (failures: ReturnType<typeof sql>) =>
    sql`greatest(${asked}::interval, least(${sql.lit(LONGEST_WAIT)}::interval, ${
      sql.lit(FIRST_WAIT)
    }::interval * power(2, least(${failures}, 20) - 1)))`
  const failures =
    sql`CASE WHEN breakers.open_until > now() THEN breakers.failures ELSE breakers.failures + 1 END`
  const { rows: [row] } = await sql<{ wait_ms: number }>`
    INSERT INTO breakers (id, service, failures, opened_at, open_until, code, reason)
    VALUES (${id}, ${service}, 1, now(), now() + ${wait(sql`1`)}, ${why.code}, ${why.reason})
    ON CONFLICT (id) DO UPDATE SET failures = ${failures}, open_until = greatest(breakers.open_until, now() + ${
    wait(failures)
  }),
      probe_until = NULL, code = excluded.code, reason = excluded.reason
    RETURNING (extract(epoch FROM open_until - now()) * 1000)::float8 AS wait_ms`.execute(db)
  return row?.wait_ms ?? 0
}

/** A run that tried ended without finding out: the next one may try at once. */
export async function endProbes (db: Queryable, ids: Iterable<string>): Promise<void> {
  const all = [...ids]
  if (all.length > 0) {
    await db.updateTable('breakers').set({ probe_until: null }).where('id', 'in', all).execute()
  }
}

/** @returns whether there was one to close */
export async function closeBreaker (db: Queryable, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('breakers').where('id', '=', id).executeTakeFirst()
  return numDeletedRows > 0n
}

/** Which service it is, in words. */
export function nameOf ({ service, app }: Pick<Breaker, 'service' | 'app'>): string {
  return app === null || app === FIRST_APP ? `the ${service}` : `the app "${app}"`
}

/** Those of these services that are not closed. */
export async function listBreakers (
  db: Queryable,
  { model, apps }: AllServices
): Promise<Breaker[]> {
  const names = new Map([...apps].map(([name, id]) => [id, name]))
  const rows = await db.selectFrom('breakers').selectAll()
    .select(sql<boolean>`open_until > now()`.as('is_open'))
    .where('id', 'in', [model, ...apps.values()]).orderBy('service').orderBy('id').execute()
  return rows.map(row => ({
    id: row.id,
    service: row.service,
    app: names.get(row.id) ?? null,
    state: row.is_open ? 'open' : 'half-open',
    code: row.code,
    reason: row.reason,
    failures: row.failures,
    openedAt: row.opened_at.toISOString(),
    openUntil: row.open_until.toISOString()
  }))
}
