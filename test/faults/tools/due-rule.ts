import fc from 'fast-check'
import { sql } from 'kysely'
import type { Queryable } from '../../../src/platform/db/database.ts'
import { listDue } from '../../../src/personas/repository.ts'

/**
 * The rule of who is due, against an oracle that shares nothing with it: not its SQL, not its
 * calendar.
 */

/** Odd offsets, changes of half an hour, the date line, both hemispheres, no change at all. */
export const ZONES = [
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'Asia/Tokyo',
  'Asia/Kolkata',
  'Australia/Adelaide',
  'America/Sao_Paulo',
  'Africa/Johannesburg',
  'Europe/London',
  'America/Los_Angeles',
  'Pacific/Auckland',
  'Atlantic/Azores',
  'Pacific/Marquesas',
  'UTC'
]
const CADENCES = ['hourly', 'daily', 'weekdays'] as const
const HOUR_MS = 3_600_000
const PERIOD_MS = { hourly: HOUR_MS, daily: 24 * HOUR_MS, weekdays: 24 * HOUR_MS }

export interface DueCase {
  zone: string
  cadence: typeof CADENCES[number]
  /** How long ago it was active, in milliseconds; null: never. */
  agoMs: number | null
}

export interface Batch {
  instant: Date
  cases: DueCase[]
}

const weekdayIn = new Map(
  ZONES.map(zone => [zone, new Intl.DateTimeFormat('en-US', { timeZone: zone, weekday: 'short' })])
)

export function isDue ({ zone, cadence, agoMs }: DueCase, instant: Date): boolean {
  if (agoMs !== null && agoMs <= PERIOD_MS[cadence]) return false
  return cadence !== 'weekdays' ||
    !['Sat', 'Sun'].includes(weekdayIn.get(zone)?.format(instant) ?? '')
}

/** Instants of all kinds, half of them within two hours of a change of the clocks somewhere. */
export function batches (size: number): fc.Arbitrary<Batch> {
  const from = Date.UTC(2024, 0, 1)
  const to = Date.UTC(2030, 11, 31)
  const anywhere = fc.integer({ min: from, max: to })
  const nearby = fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS })
  const nearChange = fc.tuple(fc.constantFrom(...clockChanges(from, to)), nearby).map(([at, by]) =>
    at + by
  )
  const age = fc.oneof(
    fc.constant(null),
    fc.integer({ min: -HOUR_MS, max: 10 * 24 * HOUR_MS }),
    // The last moment of not being due, and the first of being so.
    fc.tuple(fc.constantFrom(HOUR_MS, 24 * HOUR_MS), fc.integer({ min: -2, max: 2 })).map((
      [period, by]
    ) => period + by)
  )
  const one = fc.record({
    zone: fc.constantFrom(...ZONES),
    cadence: fc.constantFrom(...CADENCES),
    agoMs: age
  })
  return fc.record({
    instant: fc.oneof(anywhere, nearChange).map(ms => new Date(ms)),
    cases: fc.array(one, { minLength: size, maxLength: size })
  })
}

/** When the clocks of any zone change, found by looking every hour. */
function clockChanges (from: number, to: number): number[] {
  const changes = new Set<number>()
  for (const zone of ZONES) {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    const offset = (at: number) =>
      format.formatToParts(at).find(part => part.type === 'timeZoneName')?.value
    for (let day = from; day < to; day += 24 * HOUR_MS) {
      if (offset(day) === offset(day + 24 * HOUR_MS)) continue
      for (let hour = day; hour < day + 24 * HOUR_MS; hour += HOUR_MS) {
        if (offset(hour) !== offset(hour + HOUR_MS)) changes.add(hour + HOUR_MS)
      }
    }
  }
  return [...changes]
}

/** A `now()` of our own that the search path can find before the one of Postgres. */
export async function makeStoppableClock (db: Queryable): Promise<void> {
  await sql`CREATE SCHEMA stopped_clock`.execute(db)
  await sql`CREATE FUNCTION stopped_clock.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT current_setting('stopped_clock.now')::timestamptz $$`.execute(db)
}

/** @returns the cases that the database and the oracle see differently */
export async function judge (
  db: Queryable,
  { instant, cases }: Batch
): Promise<{ case: DueCase, instant: Date, database: boolean }[]> {
  const due = await db.transaction().execute(async trx => {
    await sql`
      SELECT set_config('search_path', 'stopped_clock, public, pg_catalog', true),
             set_config('stopped_clock.now', ${instant.toISOString()}, true)`.execute(trx)
    await sql`DELETE FROM personas`.execute(trx)
    await sql`
      INSERT INTO personas (email, name, archetype, system_prompt, time_zone, cadence, last_active_at)
      SELECT n || '@due.test', 'P', 'a', 's', zone, cadence, ${instant.toISOString()}::timestamptz - ago * interval '1 millisecond'
      FROM unnest(${cases.map(c => c.zone)}::text[], ${cases.map(c => c.cadence)}::text[], ${
      cases.map(c => c.agoMs)
    }::bigint[])
        WITH ORDINALITY AS sent (zone, cadence, ago, n)`.execute(trx)
    return (await listDue(trx, { limit: cases.length })).personas
  })
  const places = new Set(due.map(persona => Number(persona.email.split('@')[0]) - 1))
  return cases.flatMap((one, i) =>
    places.has(i) === isDue(one, instant) ? [] : [{ case: one, instant, database: places.has(i) }]
  )
}
