import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { PersonaRow, RunRow } from '../../platform/db/tables.ts'
import { nextDueAt } from './next-due.ts'

/** All SQL of the list of personas. */

export interface PersonaListFilter {
  archetype?: string | undefined
  tickCadence?: PersonaRow['cadence'] | undefined
  paused?: boolean | undefined
  app?: string | undefined
  search?: string | undefined
  /** Email that the page before ended with. */
  cursor?: string | undefined
  sort?: PersonaSort | undefined
  /** From 1; where personas are not in order of email. */
  page?: number | undefined
}

export type PersonaSort = 'unhappiness' | 'change' | 'last-day'

interface Standing {
  state: 'paused' | 'running' | 'backing off' | 'due' | 'waiting'
  tone: 'ok' | 'error' | 'warn' | 'muted'
}

interface PersonaCard {
  id: string
  name: string
  email: string
  archetype: string
  tickCadence: PersonaRow['cadence']
  locale: string
  timeZone: string
  standing: Standing
  openRunId: string | null
  lastActiveAt: string | null
  /** Null: paused, or living a day. */
  nextDueAt: string | null
  runs7d: number
  /** The latest grounded number of each module. */
  latest: { module: string, rating: number }[]
  mood: Mood
}

/** Means of ratings that count, over all modules. */
interface Mood {
  /** Of the last 7 days; null below 3 ratings. */
  recent: number | null
  n: number
  /** Against the 28 days before them; null below 3 ratings on one side. */
  change: number | null
}

type CardRow = PersonaRow & {
  next_due_at: Date | null
  due_now: boolean
  open_run_id: string | null
  open_state: RunRow['state'] | null
  runs_7d: number
  latest: PersonaCard['latest']
} & Partial<Mood>

const PER_PAGE = 50

/** What a search looks for as it stands: `%` and `_` are letters here. */
const containing = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`

function matching (filter: PersonaListFilter) {
  const conditions = [sql`true`]
  if (filter.archetype !== undefined) conditions.push(sql`p.archetype = ${filter.archetype}`)
  if (filter.tickCadence !== undefined) conditions.push(sql`p.cadence = ${filter.tickCadence}`)
  if (filter.paused !== undefined) conditions.push(sql`p.paused = ${filter.paused}`)
  if (filter.app !== undefined) conditions.push(sql`p.app = ${filter.app}`)
  if (filter.search !== undefined) {
    const pattern = containing(filter.search)
    conditions.push(
      sql`(p.name ILIKE ${pattern} OR p.email ILIKE ${pattern} OR p.archetype ILIKE ${pattern})`
    )
  }
  return sql.join(conditions, sql` AND `)
}

const cardColumns = sql`
  p.*, ${nextDueAt} AS next_due_at, coalesce(${nextDueAt} <= now(), false) AS due_now,
  o.id AS open_run_id, o.state AS open_state,
  (SELECT count(*)::int FROM runs r WHERE r.persona_id = p.id AND r.queued_at > now() - interval '7 days') AS runs_7d,
  (SELECT coalesce(json_agg(l), '[]') FROM (
    SELECT DISTINCT ON (f.module) f.module, f.rating FROM persona_feedback f
    WHERE f.persona_id = p.id AND f.grounded AND f.rating IS NOT NULL ORDER BY f.module, f.created_at DESC, f.id DESC
  ) l) AS latest`
const withOpenRun =
  sql`personas p LEFT JOIN runs o ON o.persona_id = p.id AND o.finished_at IS NULL`

const counting = (side: '<' | '>=') =>
  sql`FILTER (WHERE f.created_at ${sql.raw(side)} now() - interval '7 days')`
const withMood = sql`(
  SELECT p.*, mood.n, CASE WHEN mood.n >= 3 THEN mood.recent END AS recent,
    CASE WHEN mood.n >= 3 AND mood.n_before >= 3 THEN mood.recent - mood.before END AS change
  FROM personas p CROSS JOIN LATERAL (
    SELECT (count(*) ${counting('>=')})::int AS n, (count(*) ${counting('<')})::int AS n_before,
      (avg(f.rating) ${counting('>=')})::float8 AS recent, (avg(f.rating) ${
  counting('<')
})::float8 AS before
    FROM persona_feedback f WHERE f.persona_id = p.id AND f.grounded AND f.rating IS NOT NULL
      AND f.created_at >= now() - interval '35 days'
  ) AS mood)`

const ORDERS: Record<PersonaSort, ReturnType<typeof sql>> = {
  unhappiness: sql`p.recent NULLS LAST, p.email`,
  change: sql`p.change NULLS LAST, p.email`,
  'last-day': sql`p.last_active_at DESC NULLS LAST, p.email`
}

/** A page in order of email or as asked for, and how many there are on all. */
export async function listPersonaCards (db: Queryable, filter: PersonaListFilter) {
  const { rows: [counted] } = await sql<
    { total: number }
  >`SELECT count(*)::int AS total FROM personas p WHERE ${matching(filter)}`.execute(db)
  const { sort, page: number = 1 } = filter
  const order = sort === undefined ? sql`p.email` : ORDERS[sort]
  const { rows } = await sql<CardRow>`
    SELECT ${cardColumns} FROM (
      SELECT * FROM ${withMood} p WHERE ${matching(filter)} AND p.email > ${
    filter.cursor ?? ''
  } ORDER BY ${order} LIMIT ${PER_PAGE + 1} OFFSET ${
    sort === undefined ? 0 : (number - 1) * PER_PAGE
  }
    ) p LEFT JOIN runs o ON o.persona_id = p.id AND o.finished_at IS NULL ORDER BY ${order}`
    .execute(db)
  const page = rows.slice(0, PER_PAGE)
  return {
    personas: page.map(toCard),
    total: counted?.total ?? 0,
    nextCursor: rows.length > PER_PAGE ? page.at(-1)?.email : undefined,
    hasMore: rows.length > PER_PAGE
  }
}

/** Undefined: there is no such persona. */
export async function findPersonaCard (
  db: Queryable,
  id: string
): Promise<PersonaCard | undefined> {
  const { rows: [row] } = await sql<
    CardRow
  >`SELECT ${cardColumns} FROM ${withOpenRun} WHERE p.id = ${id}::uuid`.execute(db)
  return row === undefined ? undefined : toCard(row)
}

/** For the filter. */
export async function listArchetypes (db: Queryable): Promise<string[]> {
  const { rows } = await sql<
    { archetype: string }
  >`SELECT DISTINCT archetype FROM personas ORDER BY archetype LIMIT 200`.execute(db)
  return rows.map(row => row.archetype)
}

function toCard (row: CardRow): PersonaCard {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    archetype: row.archetype,
    tickCadence: row.cadence,
    locale: row.locale,
    timeZone: row.time_zone,
    standing: standingOf(row),
    openRunId: row.open_run_id,
    lastActiveAt: row.last_active_at?.toISOString() ?? null,
    nextDueAt: row.next_due_at?.toISOString() ?? null,
    runs7d: row.runs_7d,
    latest: row.latest,
    mood: { recent: row.recent ?? null, n: row.n ?? 0, change: row.change ?? null }
  }
}

function standingOf (row: CardRow): Standing {
  if (row.open_run_id !== null) return { state: 'running', tone: 'ok' }
  if (row.paused) return { state: 'paused', tone: 'warn' }
  if (row.consecutive_failures > 0 && !row.due_now) return { state: 'backing off', tone: 'error' }
  return row.due_now ? { state: 'due', tone: 'ok' } : { state: 'waiting', tone: 'muted' }
}
