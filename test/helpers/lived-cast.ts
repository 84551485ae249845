import { sql } from 'kysely'
import type { Queryable } from '../../src/platform/db/database.ts'
import { readCatalogue } from '../../src/cli/catalogue.ts'
import { awaitTick, runNow } from '../../src/runner/runs/tick.ts'
import { admin } from './app.ts'
import { startWorld, type World } from './world.ts'

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

export interface LivedCast extends World {
  /** Where the pages are. */
  origin: string
  personas: { id: string, email: string }[]
}

/**
 * Personas of the catalogue who have lived whole days in the sample app, yesterday and before as
 * well: what the pages look like in use. The app had a release before the first day and another one
 * before the last.
 */
export async function startLivedCast (
  t: Teardown,
  { personas: count, days, env }: { personas: number, days: number, env?: Record<string, string> }
): Promise<LivedCast> {
  const world = await startWorld(t, { env: { PERSONA_CONCURRENCY: '4', ...env } })
  const { db } = world.app.database
  const personas: LivedCast['personas'] = []
  for (const persona of castOf(count)) personas.push(await world.persona({ ...persona }))
  await release(world, '2.3.0', 'Habits have a home')
  for (let day = 1; day <= days; day++) {
    if (day === days) await release(world, '2.4.0', 'A new calendar')
    await liveOneDay(world, personas)
    if (day < days) await moveIntoThePast(db)
  }
  return { ...world, personas, origin: await world.app.listen({ port: 0, host: '127.0.0.1' }) }
}

/**
 * Adds an event in the afternoon on every day (test/demo/day-plan.test.ts), which is the planted
 * fault: whatever the date, some call of the cast failed.
 */
export const MEETS_THE_FAULT = 'beat.zurbriggen@personas.test'

function castOf (count: number) {
  const all = readCatalogue()
  const others = all.filter(({ email }) => email !== MEETS_THE_FAULT)
  return [...all.filter(({ email }) => email === MEETS_THE_FAULT), ...others].slice(0, count)
}

async function release ({ app }: World, version: string, notes: string): Promise<void> {
  await app.inject({
    method: 'POST',
    url: '/api/v1/admin/releases',
    headers: admin,
    payload: { version, notes }
  })
}

async function liveOneDay (
  { app: { database: { db }, scheduler: { queue } } }: World,
  personas: LivedCast['personas']
): Promise<void> {
  const opened = []
  for (const { id, email } of personas) opened.push({ ...await runNow(db, queue, id), email })
  await awaitTick(db, { id: null, paused: false, heldUpBy: null, opened })
}

const INSTANTS = {
  runs: ['queued_at', 'started_at', 'finished_at'],
  persona_actions: ['created_at', 'finished_at'],
  messages: ['created_at'],
  module_visits: ['created_at'],
  persona_feedback: ['created_at'],
  releases: ['at'],
  personas: ['last_active_at', 'not_before']
}

/** All that has happened was a day earlier. */
async function moveIntoThePast (db: Queryable): Promise<void> {
  for (const [table, columns] of Object.entries(INSTANTS)) {
    const changes = columns.map(column =>
      sql`${sql.ref(column)} = ${sql.ref(column)} - interval '1 day'`
    )
    await sql`UPDATE ${sql.table(table)} SET ${sql.join(changes)}`.execute(db)
  }
}
