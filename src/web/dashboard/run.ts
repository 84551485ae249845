import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { FeedbackRow, PersonaRow, RunRow } from '../../platform/db/tables.ts'
import { RunNotFoundError } from '../../platform/errors.ts'
import { ACTIONS_PER_PAGE, actionPath } from './address.ts'
import { eraWords, explainRun, toneOf, whyUncounted } from './run-words.ts'

/**
 * All SQL of the head of a run's page: what it is, how it ended, and what the persona made of it.
 */

interface RunHead {
  run: RunRow
  persona: Pick<PersonaRow, 'id' | 'name' | 'locale' | 'time_zone' | 'version'>
  isOpen: boolean
  tone: ReturnType<typeof toneOf>
  why: string
  durationMs: number | null
  actions: number
  pages: number
  /** How the app was spoken to; empty where that is not known. */
  eraWords: string
  incidents: { kind: string, number: number | null, href: string | null }[]
  /** What it lost patience over, as links. */
  walkedAwayOver: { number: number, href: string }[]
}

type HeadRow = RunRow & Pick<PersonaRow, 'name' | 'locale' | 'time_zone'> & {
  current_version: number
  duration_ms: number | null
  actions: number
}

/** @throws RunNotFoundError */
export async function readRunHead (db: Queryable, runId: string): Promise<RunHead> {
  const { rows: [row] } = await sql<HeadRow>`
    SELECT r.*, p.name, p.locale, p.time_zone, p.version AS current_version,
      (extract(epoch FROM coalesce(r.finished_at, now()) - r.started_at) * 1000)::float8 AS duration_ms,
      (SELECT coalesce(max(a.ordinal) + 1, 0) FROM persona_actions a WHERE a.tick_id = r.id) AS actions
    FROM runs r JOIN personas p ON p.id = r.persona_id WHERE r.id = ${runId}`.execute(db)
  if (row === undefined) throw new RunNotFoundError(runId)
  const incidents = await db.selectFrom('incidents').select(['kind', 'ordinal']).where(
    'run_id',
    '=',
    runId
  ).orderBy('ordinal').orderBy('kind').orderBy('id').limit(5).execute()
  return {
    run: row,
    incidents: incidents.map(({ kind, ordinal }) => {
      const number = ordinal === null ? null : ordinal + 1
      return { kind, number, href: number === null ? null : actionPath(runId, number) }
    }),
    persona: {
      id: row.persona_id,
      name: row.name,
      locale: row.locale,
      time_zone: row.time_zone,
      version: row.current_version
    },
    isOpen: row.finished_at === null,
    tone: toneOf(row.state),
    why: explainRun(row),
    durationMs: row.duration_ms,
    actions: row.actions,
    eraWords: eraWords(row.mcp_era),
    pages: Math.max(1, Math.ceil(row.actions / ACTIONS_PER_PAGE)),
    walkedAwayOver: (row.walked_away_over ?? []).map(number => ({
      number,
      href: actionPath(runId, number)
    }))
  }
}

export interface Rating {
  module: string
  rating: number | null
  notes: string | null
  comparedToLastTime: string | null
  /** Why it counts nowhere; null: it counts. */
  uncounted: string | null
  sayDoGap: boolean
  citations: { number: number, quote: string | null, href: string }[]
}

interface RunRatings {
  ratings: Rating[]
  unreadable: { why: string, rawText: string } | null
}

/** The ratings of a run, those that count first, and the answer that could not be read. */
export async function readRunRatings (db: Queryable, runId: string): Promise<RunRatings> {
  const { rows } = await sql<FeedbackRow & { say_do_gap: boolean | null }>`
    SELECT f.*, v.say_do_gap FROM persona_feedback f LEFT JOIN module_visits v ON v.run_id = f.tick_id AND coalesce(v.rated_as, v.module) = f.module
    WHERE f.tick_id = ${runId} ORDER BY (f.grounded IS TRUE AND f.rating IS NOT NULL) DESC, f.rating, f.module LIMIT 200`
    .execute(db)
  const unread = rows.find(row => row.module === '__parse')
  return {
    ratings: rows.filter(row => row.module !== '__parse').map(row =>
      toRating(row, row.say_do_gap === true)
    ),
    unreadable: unread === undefined
      ? null
      : { why: unread.notes ?? '', rawText: unread.raw_text ?? '' }
  }
}

export function toRating (row: FeedbackRow, sayDoGap: boolean): Rating {
  const evidence = (row.evidence ?? []) as { action: number, quote: string | null }[]
  return {
    module: row.module,
    rating: row.rating,
    notes: row.notes,
    comparedToLastTime: row.compared_to_last_time,
    uncounted: whyUncounted(row),
    sayDoGap,
    citations: evidence.map(({ action, quote }) => ({
      number: action,
      quote,
      href: actionPath(row.tick_id, action)
    }))
  }
}

interface Visit {
  module: string
  friction: number
  calls: number
  appErrors: number
  personaErrors: number
  otherErrors: number
  repeats: number
  slowCalls: number
  walkedAway: boolean
}

/** Friction per module, the worst first. There is none before the run has ended. */
export async function readRunVisits (db: Queryable, runId: string): Promise<Visit[]> {
  const rows = await db.selectFrom('module_visits').selectAll().where('run_id', '=', runId).orderBy(
    'friction',
    'desc'
  ).orderBy('module').execute()
  return rows.map(row => ({
    module: row.module,
    friction: row.friction,
    calls: row.calls,
    appErrors: row.app_errors,
    personaErrors: row.persona_errors,
    otherErrors: row.model_errors + row.account_errors + row.harness_errors,
    repeats: row.repeats,
    slowCalls: row.slow_calls,
    walkedAway: row.walked_away
  }))
}
