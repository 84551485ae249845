import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { cellsOf, ROUNDED_LATENCY, SUMS, TIMED } from './cells.ts'

/**
 * All SQL that writes folded_days, module_days, latency_days and persona_spans, and folded_months
 * and latency_months: what is over, added up once, by the statements that would add it up for every
 * question. The transaction that ends a run writes none of it: all runs that end at a time would
 * queue for the rows of their day.
 */

const LOCK = sql`hashtext('persona-runner folded_days')`

/**
 * No transaction of ours lives nearly as long, so no row of a day comes later than this after its
 * end.
 */
const SETTLED_AFTER = sql`interval '1 hour'`

const startOf = (day: ReturnType<typeof sql>) => sql<Date>`((${day})::timestamp AT TIME ZONE 'UTC')`
const dayOf = (at: string) => sql`(${sql.ref(at)} AT TIME ZONE 'UTC')::date`

/**
 * Adds up the latest day that is over and not folded yet, or else a month whose days all are,
 * unless another process is at it.
 * @returns the day or the month, as ISO 8601; null: there is nothing to do
 */
export async function foldNext (db: Queryable): Promise<string | null> {
  return db.transaction().execute(async trx => {
    const { rows: [lock] } = await sql<
      { taken: boolean }
    >`SELECT pg_try_advisory_xact_lock(${LOCK}) AS taken`.execute(trx)
    if (lock?.taken !== true) return null
    const day = await findDay(trx)
    if (day !== null) {
      await foldDay(trx, day)
      return day
    }
    const month = await findMonth(trx)
    if (month !== null) await foldMonth(trx, month)
    return month
  })
}

/**
 * A run that is still open may finish its calls and change what it counts under: its days wait for
 * it.
 */
async function findDay (trx: Queryable): Promise<string | null> {
  const { rows: [row] } = await sql<{ day: string }>`
    WITH first AS (
      SELECT least((SELECT min(created_at) FROM persona_actions), (SELECT min(created_at) FROM module_visits),
                   (SELECT min(created_at) FROM persona_feedback)) AS at
    ),
    last AS (SELECT least(now() - ${SETTLED_AFTER}, (SELECT min(queued_at) FROM runs WHERE finished_at IS NULL)) AS at)
    SELECT to_char(d.day, 'YYYY-MM-DD') AS day
    FROM first, last, generate_series((first.at AT TIME ZONE 'UTC')::date, (last.at AT TIME ZONE 'UTC')::date - 1, interval '1 day') AS d (day)
    WHERE NOT EXISTS (SELECT FROM folded_days f WHERE f.day = d.day::date)
    ORDER BY d.day DESC LIMIT 1`.execute(trx)
  return row?.day ?? null
}

async function foldDay (trx: Queryable, day: string): Promise<void> {
  const since = startOf(sql`${day}::date`)
  const until = startOf(sql`${day}::date + 1`)
  const within = (alias: string) =>
    sql<boolean>`${sql.ref(`${alias}.created_at`)} >= ${since} AND ${
      sql.ref(`${alias}.created_at`)
    } < ${until}`
  await sql`INSERT INTO folded_days (day) VALUES (${day}::date)`.execute(trx)
  await sql`
    INSERT INTO module_days (day, app, module, model, prompt_version, app_version, latest_at, told, ${
    sql.join(SUMS.map(name => sql.id(name)))
  })
    SELECT bucket, p.app, module, model, prompt_version, app_version, max(latest_at), sum(told),
           ${sql.join(SUMS.map(name => sql`sum(${sql.id(name)})`))}
    FROM (${cellsOf(dayOf, within)}) AS cells JOIN personas p ON p.id = cells.persona_id
    GROUP BY bucket, p.app, module, model, prompt_version, app_version`.execute(trx)
  await sql`
    INSERT INTO latency_days (day, app, module, model, prompt_version, app_version, latencies_ms, calls)
    SELECT ${day}::date, app, module, model, prompt_version, app_version, array_agg(latency_ms), array_agg(calls) FROM (
      SELECT p.app, a.module, r.model, r.prompt_version, r.app_version, ${ROUNDED_LATENCY} AS latency_ms, count(*) AS calls
      FROM persona_actions a JOIN personas p ON p.id = a.persona_id LEFT JOIN runs r ON r.id = a.tick_id
      WHERE ${within('a')} AND ${TIMED} GROUP BY 1, 2, 3, 4, 5, 6
    ) AS timed GROUP BY app, module, model, prompt_version, app_version`.execute(trx)
  await widenSpans(trx, within)
}

/** A day that is folded a second time, after it was forgotten, widens nothing. */
async function widenSpans (
  trx: Queryable,
  within: (alias: string) => ReturnType<typeof sql<boolean>>
): Promise<void> {
  await sql`
    INSERT INTO persona_spans AS known (persona_id, version, module, model, prompt_version, any_release, app_version, first_at, last_at, first_counted_at, last_counted_at)
    SELECT persona_id, version, module, model, prompt_version, grouping(app_version) = 1, app_version,
           min(at), max(at), min(at) FILTER (WHERE counted), max(at) FILTER (WHERE counted)
    FROM (
      SELECT v.persona_id, v.persona_version AS version, v.module, v.model, v.prompt_version, v.app_version, v.created_at AS at, false AS counted
      FROM module_visits v WHERE ${within('v')}
      UNION ALL
      SELECT f.persona_id, coalesce(f.persona_version, 0), f.module, f.model, f.prompt_version, f.app_version, f.created_at,
             f.grounded IS TRUE AND f.rating IS NOT NULL
      FROM persona_feedback f WHERE ${within('f')} AND f.module <> '__parse'
    ) AS seen
    GROUP BY persona_id, version, module, model, prompt_version, GROUPING SETS ((), (app_version))
    ON CONFLICT (persona_id, version, module, coalesce(model, ''), coalesce(prompt_version, ''), any_release, coalesce(app_version, '')) DO UPDATE SET
      first_at = least(known.first_at, excluded.first_at), last_at = greatest(known.last_at, excluded.last_at),
      first_counted_at = least(known.first_counted_at, excluded.first_counted_at),
      last_counted_at = greatest(known.last_counted_at, excluded.last_counted_at)`.execute(trx)
}

/** A month is complete when each of its days is folded, those without any row too. */
async function findMonth (trx: Queryable): Promise<string | null> {
  const { rows: [row] } = await sql<{ month: string }>`
    SELECT to_char(m.month, 'YYYY-MM') AS month
    FROM (SELECT date_trunc('month', day)::date AS month, count(*) AS days FROM folded_days GROUP BY 1) AS m
    WHERE m.days = (m.month + interval '1 month')::date - m.month AND NOT EXISTS (SELECT FROM folded_months f WHERE f.month = m.month)
    ORDER BY m.month DESC LIMIT 1`.execute(trx)
  return row?.month ?? null
}

async function foldMonth (trx: Queryable, month: string): Promise<void> {
  const first = sql`(${`${month}-01`}::date)`
  await sql`INSERT INTO folded_months (month) VALUES (${first})`.execute(trx)
  await sql`
    INSERT INTO latency_months (month, app, module, model, prompt_version, app_version, latencies_ms, calls)
    SELECT ${first}, app, module, model, prompt_version, app_version, array_agg(latency_ms), array_agg(calls) FROM (
      SELECT app, module, model, prompt_version, app_version, latency_ms, sum(calls)::int AS calls FROM (
        SELECT app, module, model, prompt_version, app_version, unnest(latencies_ms) AS latency_ms, unnest(calls) AS calls
        FROM latency_days WHERE day >= ${first} AND day < ${first} + interval '1 month'
      ) AS steps GROUP BY app, module, model, prompt_version, app_version, latency_ms
    ) AS timed GROUP BY app, module, model, prompt_version, app_version`.execute(trx)
}

/**
 * The rows of a run that is over were changed: what was added up of them is forgotten, and the next
 * folds read them anew. Within the transaction that changes them, as its last statement: a fold
 * under way is waited for. What a persona's spans have, only all its days together can tell.
 */
export async function forgetRun (trx: Queryable, tickId: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${LOCK})`.execute(trx)
  await sql`
    WITH acted AS (SELECT persona_id, ${
    dayOf('created_at')
  } AS day FROM persona_actions WHERE tick_id = ${tickId}),
    spans AS (
      DELETE FROM persona_spans WHERE persona_id IN (SELECT persona_id FROM acted) RETURNING first_at, last_at
    ),
    reach AS (SELECT ${dayOf('first_at')} AS first, ${dayOf('last_at')} AS last FROM spans)
    DELETE FROM folded_days f WHERE f.day IN (SELECT day FROM acted)
      OR f.day BETWEEN (SELECT min(first) FROM reach) AND (SELECT max(last) FROM reach)`.execute(
    trx
  )
}
