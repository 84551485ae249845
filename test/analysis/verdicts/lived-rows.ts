import { sql } from 'kysely'
import type { CastRows } from '../../../src/analysis/verdicts/cast-rows.ts'
import type { Queryable } from '../../../src/platform/db/database.ts'
import { BASE, type World } from './world.ts'

/** The first day that is not over: the day before is, an hour after midnight. */
export async function firstOpenDay (db: Queryable): Promise<number> {
  const { rows: [clock] } = await sql<
    { settled: Date }
  >`SELECT now() - interval '1 hour' AS settled`.execute(db)
  return Math.floor((clock?.settled.getTime() ?? 0) / (24 * 60 * 60 * 1000))
}

export const atOf = (day: number, hour = 12) => new Date((day * 24 + hour) * 60 * 60 * 1000)

/** Small enough to be lived in rows in a second. */
export const WORLD: World = {
  ...BASE,
  personas: 12,
  daysBefore: 14,
  daysAfter: 10,
  modules: 4,
  errors: { before: 0.02, after: 0.02 }
}

interface Lived {
  daysBefore: number
  daysAfter: number
  today: number
  touches?: string[]
}

/** Lives the visits in rows, so that their last day is yesterday, and announces 1.0 and 2.0. */
export async function liveInRows (
  db: Queryable,
  { visits }: CastRows,
  { today, touches = [], ...world }: Lived
): Promise<{ releaseDay: number }> {
  const shift = today - world.daysBefore - world.daysAfter
  const names = [...new Set(visits.map(({ persona }) => persona))]
  const personas = new Map<string, string>()
  for (const [i, name] of names.entries()) {
    const { id } = await db.insertInto('personas').values({
      email: `${name}@personas.test`,
      name,
      archetype: 'kind',
      system_prompt: '',
      module_mix: '{}',
      cadence: 'daily',
      locale: i % 2 ? 'de' : 'en'
    }).returning('id').executeTakeFirstOrThrow()
    personas.set(name, id)
  }
  const rows = visits.map(visit => ({
    ...visit,
    run: `${visit.persona}-${visit.day}`,
    persona: personas.get(visit.persona),
    at: atOf(shift + visit.day).toISOString(),
    version: visit.release < 0 ? '1.0' : '2.0'
  }))
  // Prompts of each language have a version of their own.
  await sql`
    WITH visit AS (SELECT v.*, 'p-' || p.locale AS prompts FROM jsonb_to_recordset(${
    JSON.stringify(rows)
  }::jsonb)
      AS v (run text, persona uuid, module text, rating int, friction float8, errors int, calls int, at timestamptz, version text)
      JOIN personas p ON p.id = v.persona),
    runs AS (INSERT INTO runs (id, persona_id, persona_version, state, model, prompt_version, app_version, queued_at, started_at, finished_at)
      SELECT DISTINCT run, persona, 1, 'completed', 'opus', prompts, version, at, at, at FROM visit),
    visits AS (INSERT INTO module_visits (run_id, module, persona_id, persona_version, model, prompt_version, app_version, calls, app_errors,
        persona_errors, model_errors, account_errors, harness_errors, repeats, repair_loops, slow_calls, unknown_calls, latency_ms_sum, friction, created_at)
      SELECT run, module, persona, 1, 'opus', prompts, version, calls, errors, 0, 0, 0, 0, 0, 0, 0, 0, 0, friction, at FROM visit)
    INSERT INTO persona_feedback (id, persona_id, tick_id, module, rating, grounded, model, prompt_version, persona_version, app_version, created_at)
    SELECT run || '-' || module, persona, run, module, rating, true, 'opus', prompts, 1, version, at FROM visit`
    .execute(db)
  const releaseDay = shift + world.daysBefore
  await db.insertInto('releases').values([
    { version: '1.0', at: atOf(shift - 30, 0) },
    { version: '2.0', at: atOf(releaseDay, 0), touches: JSON.stringify(touches) }
  ]).execute()
  return { releaseDay }
}
