import { sql } from 'kysely'
import t from 'tap'
import type { Queryable } from '../../src/platform/db/database.ts'
import { listDue, takeDue, upsertPersona } from '../../src/personas/repository.ts'
import type { Persona } from '../../src/personas/schemas.ts'
import { openRuns } from '../../src/runner/runs/repository.ts'
import { onServer, openTestDatabase } from '../helpers/database.ts'

/**
 * Who is due, decided in SQL. The rows travel in time, or the database's clock does; the test never
 * waits.
 */

const { db } = await openTestDatabase(t)

interface Row {
  cadence?: Persona['tickCadence']
  timeZone?: string
  /** As an interval before now. Left out: has never run. */
  lastActive?: string
  /** Backing off until so long after now. */
  notBefore?: string
  paused?: boolean
}

const CHARACTER = { name: 'P', archetype: 'a', systemPrompt: 's' }
let persons = 0

async function addPersona ({
  cadence = 'daily',
  timeZone = 'Europe/Berlin',
  lastActive,
  notBefore,
  paused = false
}: Row): Promise<Persona> {
  const email = `p${++persons}@personas.test`
  const { persona } = await upsertPersona(db, {
    ...CHARACTER,
    email,
    tickCadence: cadence,
    timeZone,
    paused
  })
  await sql`
    UPDATE personas
    SET last_active_at = now() - ${lastActive ?? null}::interval, not_before = now() + ${
    notBefore ?? null
  }::interval
    WHERE id = ${persona.id}`.execute(db)
  return persona
}

const dueIds = async (handle: Queryable = db, limit = 1000) =>
  (await listDue(handle, { limit })).personas.map(persona => persona.id)

t.afterEach(async () => {
  await db.deleteFrom('personas').execute()
})

t.test('the cadence says how long after its last activity a persona is due', async t => {
  const table: [Row, boolean][] = [
    [{ cadence: 'hourly' }, true],
    [{ cadence: 'hourly', lastActive: '59 minutes' }, false],
    [{ cadence: 'hourly', lastActive: '60 minutes 1 second' }, true],
    [{ cadence: 'daily' }, true],
    [{ cadence: 'daily', lastActive: '23 hours 59 minutes' }, false],
    [{ cadence: 'daily', lastActive: '24 hours 1 second' }, true],
    [{ cadence: 'daily', lastActive: '5 years' }, true],
    // A clock that was set back: the future is not long ago.
    [{ cadence: 'hourly', lastActive: '-2 days' }, false]
  ]
  for (const [row, expected] of table) {
    const { id } = await addPersona(row)
    t.equal((await dueIds()).includes(id), expected, JSON.stringify(row))
  }
})

t.test('a paused persona is never due, and one that backs off only when its time has come', async t => {
  const table: [Row, boolean][] = [
    [{ paused: true }, false],
    [{ paused: true, lastActive: '9 days' }, false],
    [{ notBefore: '5 minutes' }, false],
    [{ lastActive: '9 days', notBefore: '1 minute' }, false],
    [{ notBefore: '-1 second' }, true],
    // The end of a back-off does not shorten the cadence.
    [{ lastActive: '3 hours', notBefore: '-1 second' }, false]
  ]
  for (const [row, expected] of table) {
    const { id } = await addPersona(row)
    t.equal((await dueIds()).includes(id), expected, JSON.stringify(row))
  }
})

t.test('a persona with an open run is not due until the run is final', async t => {
  const persona = await addPersona({ lastActive: '2 days' })
  await openRuns(db, [persona], null)
  for (const state of ['queued', 'acting', 'reflecting'] as const) {
    await db.updateTable('runs').set({ state }).execute()
    t.same(await dueIds(), [], state)
  }
  await db.updateTable('runs').set({ state: 'completed', finished_at: sql`now()` }).execute()
  t.same(await dueIds(), [persona.id])
})

t.test('those that have never run come first, then the stalest, over all cadences and up to the limit', async t => {
  const hourly = await addPersona({ cadence: 'hourly', lastActive: '2 hours' })
  const stale = await addPersona({ cadence: 'daily', lastActive: '9 days' })
  const fresh = await addPersona({ cadence: 'daily', lastActive: '25 hours' })
  const stalest = await addPersona({ cadence: 'hourly', lastActive: '10 days' })
  const never = [
    await addPersona({ cadence: 'daily' }),
    await addPersona({ cadence: 'hourly' })
  ].map(persona => persona.id).sort()
  const expected = [...never, stalest.id, stale.id, fresh.id, hourly.id]
  t.same(await dueIds(), expected)
  for (let limit = 1; limit <= expected.length; limit++) {
    t.same(await dueIds(db, limit), expected.slice(0, limit), `the first ${limit}`)
  }
  const taken = await db.transaction().execute(trx => takeDue(trx, { limit: 3 }))
  t.same(taken.map(persona => persona.id), expected.slice(0, 3), 'taking follows the same order')
})

const ZONES = [
  'Pacific/Kiritimati',
  'Pacific/Auckland',
  'Asia/Tokyo',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'UTC',
  'America/St_Johns',
  'America/Los_Angeles',
  'Pacific/Pago_Pago'
]

/**
 * Zones differ in their day just now, whatever day it is: Kiritimati and Pago Pago are 25 hours
 * apart.
 */
t.test('a weekdays persona is due exactly where the database says that it is Monday to Friday now', async t => {
  await db.transaction().execute(async trx => {
    for (const zone of ZONES) {
      const { persona } = await upsertPersona(trx, {
        ...CHARACTER,
        email: `${zone.replace('/', '.')}@personas.test`,
        tickCadence: 'weekdays',
        timeZone: zone
      })
      const { rows: [row] } = await sql<{ day: number }>`
        SELECT extract(isodow FROM now() AT TIME ZONE ${zone})::int AS day`.execute(trx)
      t.equal(
        (await dueIds(trx)).includes(persona.id),
        Number(row?.day) <= 5,
        `${zone}, day ${row?.day}`
      )
    }
  })
})

/**
 * The database's clock, stopped at an instant for one transaction: a `now()` of our own that the
 * search path finds before the one of Postgres.
 */
async function atInstant<T> (instant: string, look: (trx: Queryable) => Promise<T>): Promise<T> {
  return db.transaction().execute(async trx => {
    await sql`
      SELECT set_config('search_path', 'stopped_clock, public, pg_catalog', true),
             set_config('stopped_clock.now', ${instant}, true)`.execute(trx)
    return look(trx)
  })
}

t.test('with the clock stopped', async t => {
  await sql`CREATE SCHEMA stopped_clock`.execute(db)
  await sql`CREATE FUNCTION stopped_clock.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT current_setting('stopped_clock.now')::timestamptz $$`.execute(db)

  await t.test('a weekdays persona rests on Saturday and Sunday of its own zone, to the minute', async t => {
    // 2026-11-23 is a Monday.
    const table: [string, string, boolean][] = [
      ['2026-11-23T12:00Z', 'Europe/Berlin', true],
      ['2026-11-27T22:59Z', 'Europe/Berlin', true], // Friday 23:59
      ['2026-11-27T23:00Z', 'Europe/Berlin', false], // Saturday 0:00
      ['2026-11-29T22:59Z', 'Europe/Berlin', false], // Sunday 23:59
      ['2026-11-29T23:00Z', 'Europe/Berlin', true], // Monday 0:00
      ['2026-07-31T21:59Z', 'Europe/Berlin', true], // in summer an hour earlier
      ['2026-07-31T22:00Z', 'Europe/Berlin', false],
      ['2026-11-27T09:59Z', 'Pacific/Kiritimati', true], // UTC+14: the weekend begins first here
      ['2026-11-27T10:00Z', 'Pacific/Kiritimati', false],
      ['2026-11-29T10:00Z', 'Pacific/Kiritimati', true],
      ['2026-11-28T10:59Z', 'Pacific/Pago_Pago', true], // UTC-11: and last here
      ['2026-11-28T11:00Z', 'Pacific/Pago_Pago', false],
      ['2026-11-30T10:59Z', 'Pacific/Pago_Pago', false],
      ['2026-11-30T11:00Z', 'Pacific/Pago_Pago', true],
      ['2026-11-27T18:14Z', 'Asia/Kathmandu', true], // UTC+5:45
      ['2026-11-27T18:15Z', 'Asia/Kathmandu', false],
      ['2026-11-28T03:29Z', 'America/St_Johns', true], // UTC-3:30
      ['2026-11-28T03:30Z', 'America/St_Johns', false],
      ['2026-11-28T12:00Z', 'UTC', false],
      ['2026-11-29T12:00Z', 'America/Los_Angeles', false]
    ]
    for (const [instant, timeZone, expected] of table) {
      const { id } = await addPersona({ cadence: 'weekdays', timeZone })
      t.equal(
        (await atInstant(instant, dueIds)).includes(id),
        expected,
        `${instant} in ${timeZone}`
      )
    }
  })

  await t.test('a weekdays persona waits 24 hours within the week and until Monday over the weekend', async t => {
    const { id } = await addPersona({ cadence: 'weekdays' })
    const table: [string, string, boolean][] = [
      ['2026-11-23T12:00Z', '2026-11-24T12:00Z', false],
      ['2026-11-23T12:00Z', '2026-11-24T12:00:01Z', true],
      ['2026-11-27T08:00Z', '2026-11-28T09:00Z', false],
      ['2026-11-27T08:00Z', '2026-11-29T22:59Z', false],
      ['2026-11-27T08:00Z', '2026-11-29T23:00Z', true]
    ]
    for (const [active, instant, expected] of table) {
      await db.updateTable('personas').set({ last_active_at: active }).execute()
      t.same(
        await atInstant(instant, dueIds),
        expected ? [id] : [],
        `active ${active}, now ${instant}`
      )
    }
  })

  await t.test('weekends are nothing to hourly and daily personas', async t => {
    const ids = [
      (await addPersona({ cadence: 'hourly' })).id,
      (await addPersona({ cadence: 'daily' })).id
    ].sort()
    t.same(await atInstant('2026-11-28T12:00Z', dueIds), ids)
  })

  await t.test('the change to summer time does not shorten a day of 24 hours', async t => {
    const { id } = await addPersona({ cadence: 'daily' })
    await db.updateTable('personas').set({ last_active_at: '2027-03-27T12:00Z' }).execute()
    t.same(
      await atInstant('2027-03-28T11:30Z', dueIds),
      [],
      '12:30 in Berlin before, 13:30 after: 23.5 hours'
    )
    t.same(await atInstant('2027-03-28T12:00:01Z', dueIds), [id])
  })
})

t.test('the database refuses a time zone that it does not know, so that the due-query never meets one', async t => {
  const persona = await addPersona({})
  await t.rejects(db.updateTable('personas').set({ time_zone: 'Mars/Olympus_Mons' }).execute(), {
    code: '22023'
  })
  const stranger = {
    ...CHARACTER,
    email: 'm@personas.test',
    tickCadence: 'daily',
    timeZone: 'Mars/Olympus_Mons'
  } as const
  await t.rejects(upsertPersona(db, stranger), {
    code: 'BAD_REQUEST',
    message: /Mars\/Olympus_Mons/
  })
  t.same(await dueIds(), [persona.id])
})

const serverOnly = { skip: onServer ? false : 'embedded storage has one connection' }

t.test('two ticks at the same moment never take the same persona', serverOnly, async t => {
  for (let i = 0; i < 30; i++) await addPersona({ cadence: (['hourly', 'daily'] as const)[i % 2] })
  const bothHold = Promise.withResolvers<void>()
  let holding = 0
  const takeAndHold = () =>
    db.transaction().execute(async trx => {
      const taken = await takeDue(trx, { limit: 10 })
      // Neither lets go before the other has taken.
      if (++holding === 2) bothHold.resolve()
      await bothHold.promise
      return taken.map(persona => persona.id)
    })
  const [first, second] = await Promise.all([takeAndHold(), takeAndHold()])
  t.equal(first.length, 10)
  t.equal(second.length, 10, 'rows in other hands are skipped, not waited for')
  t.equal(new Set([...first, ...second]).size, 20)
})

t.test('while a newer process brings the schema up to date, an older one goes on answering', async t => {
  const { id } = await addPersona({})
  t.same(await dueIds(), [id])
  await sql`ALTER TABLE personas ADD COLUMN of_tomorrow text`.execute(db)
  t.same(await dueIds(), [id])
})
