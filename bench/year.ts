import { sql } from 'kysely'
import type { Queryable } from '../src/platform/db/database.ts'

/**
 * A cast that has lived for a year, written by SQL: as many rows as issue no ordinary run would
 * make in an afternoon. Everybody lives one day a day, uses three of twenty modules and rates most
 * of what was used.
 */

export interface Year {
  personas: number
  days: number
  actionsPerRun: number
  /** One persona in so many was changed in the middle of the time. */
  changedOneIn: number
}

export const TEN_MILLION: Year = { personas: 1000, days: 365, actionsPerRun: 28, changedOneIn: 100 }
export const A_MONTH: Year = { personas: 100, days: 40, actionsPerRun: 28, changedOneIn: 100 }

const MODULES = 20
const MODULES_PER_RUN = 3
const ARCHETYPES = 10

/** Indexes that are made again when all rows are there: row by row they take most of the time. */
const LATE_INDEXES = [
  'persona_actions_by_tick',
  'persona_actions_by_persona',
  'persona_actions_by_time',
  'persona_actions_not_ok'
]

/** Needs a superuser: rows this many are not checked one by one against those they refer to. */
export async function writeYear (db: Queryable, year: Year): Promise<void> {
  const { rows: indexes } = await sql<{ indexdef: string }>`
    SELECT indexdef FROM pg_indexes WHERE indexname = ANY(${LATE_INDEXES}::text[])`.execute(db)
  await sql`DROP INDEX ${sql.join(LATE_INDEXES.map(name => sql.id(name)))}`.execute(db)
  await writePersonas(db, year)
  for (let day = 0; day < year.days; day++) {
    await db.transaction().execute(async trx => {
      await sql`SET LOCAL session_replication_role = replica`.execute(trx)
      await writeDay(trx, year, day)
    })
  }
  for (const { indexdef } of indexes) await sql.raw(indexdef).execute(db)
  await sql`VACUUM ANALYZE`.execute(db)
}

async function writePersonas (db: Queryable, { personas, changedOneIn }: Year): Promise<void> {
  await sql`
    INSERT INTO personas (email, name, archetype, system_prompt, cadence, last_active_at, version)
    SELECT 'p' || n || '@personas.test', 'Persona ' || n, 'kind-' || n % ${ARCHETYPES}::int, 'You are somebody.', 'daily', now(),
           CASE WHEN n % ${changedOneIn}::int = 0 THEN 2 ELSE 1 END
    FROM generate_series(1, ${personas}::int) n`.execute(db)
}

/** @param day 0 is the first; the last one is yesterday */
async function writeDay (
  trx: Queryable,
  { days, actionsPerRun, changedOneIn }: Year,
  day: number
): Promise<void> {
  const version = sql`CASE WHEN n % ${changedOneIn}::int = 0 AND ${day}::int >= ${
    Math.floor(days / 2)
  } THEN 2 ELSE 1 END`
  await sql`
    CREATE TEMP TABLE lived ON COMMIT DROP AS
    SELECT id AS persona_id, n, 'run-' || lpad(${day}::text, 4, '0') || '-' || lpad(n::text, 6, '0') AS run_id, ${version} AS version,
           date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - ${
    days - day
  }::int * interval '1 day'
             + random() * interval '23 hours' AS at
    FROM (SELECT id, substring(email FROM '\\d+')::int AS n FROM personas) AS cast_of_all`.execute(
    trx
  )
  await sql`
    INSERT INTO runs (id, persona_id, persona_version, state, attempt, queued_at, started_at, finished_at, end_reason, model,
                      prompt_version, app_version, turns)
    SELECT run_id, persona_id, version, 'completed', 1, at, at, at + interval '5 minutes', 'end_turn', 'claude-one',
           'p' || (${day}::int / 180), '1.' || (${day}::int / 7), 9
    FROM lived ORDER BY run_id`.execute(trx)
  // Of a hundred calls three do not end ok: two by the app, one by the persona's arguments.
  await sql`
    CREATE TEMP TABLE called ON COMMIT DROP AS
    SELECT *, module || '.tool' || i % 4 AS tool, random() * 100 AS luck, (30 * exp(random() * 3))::int AS latency_ms
    FROM (
      SELECT *, 'm' || (n * 7 + i % ${MODULES_PER_RUN}::int * 3 + ${day}::int) % ${MODULES}::int AS module
      FROM lived CROSS JOIN generate_series(0, ${actionsPerRun - 1}::int) i
    ) AS chosen`.execute(trx)
  await sql`
    INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, input_hash, result, blame, error_message,
                                 latency_ms, result_text, created_at, finished_at)
    SELECT run_id || '-' || i || '-' || tool, persona_id, run_id, i, tool, module, md5(tool || i),
           CASE WHEN luck < 3 THEN 'error' ELSE 'ok' END, CASE WHEN luck < 2 THEN 'app' WHEN luck < 3 THEN 'persona' END,
           CASE WHEN luck < 3 THEN 'entry ' || (i * 1000 + n) || ' of ' || tool || ' is locked, case ' || substr('abcde', 1 + n % 5, 1) END,
           latency_ms, 'Done: ' || md5(run_id), at + i * interval '10 seconds', at + i * interval '10 seconds'
    FROM called ORDER BY run_id, i`.execute(trx)
  await sql`
    INSERT INTO module_visits (run_id, module, persona_id, persona_version, model, prompt_version, app_version, calls, app_errors,
                               persona_errors, model_errors, account_errors, harness_errors, repeats, repair_loops, slow_calls,
                               unknown_calls, latency_ms_sum, friction, walked_away, say_do_gap, created_at)
    SELECT r.id, c.module, r.persona_id, r.persona_version, r.model, r.prompt_version, r.app_version, count(*),
           count(*) FILTER (WHERE luck < 2), count(*) FILTER (WHERE luck BETWEEN 2 AND 3), 0, 0, 0, 0, 0, 0, 0,
           sum(latency_ms), round(100.0 * count(*) FILTER (WHERE luck < 2) / count(*), 1), false, random() < 0.02, r.finished_at
    FROM called c JOIN runs r ON r.id = c.run_id GROUP BY r.id, c.module`.execute(trx)
  // Nine in ten of what was used are rated, most of them with evidence that holds, which is the
  // failed call where there is one.
  await sql`
    INSERT INTO persona_feedback (id, persona_id, tick_id, module, rating, notes, evidence, grounded, ungrounded_reason, model,
                                  prompt_version, persona_version, app_version, created_at)
    SELECT v.run_id || '-' || v.module, v.persona_id, v.run_id, v.module, 1 + (random() * 4)::int, 'It took me three tries.',
           '[{"action": 1, "quote": null}, {"action": 4, "quote": "Done"}]'::jsonb, luck < 0.95,
           CASE WHEN luck >= 0.95 THEN 'no_citation' END, v.model, v.prompt_version, v.persona_version, v.app_version, v.created_at
    FROM lived l JOIN (SELECT *, random() AS luck, random() < 0.92 AS rated FROM module_visits) v ON v.run_id = l.run_id
    WHERE v.rated`.execute(trx)
}
