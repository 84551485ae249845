import { sql } from 'kysely'
import { FIRST_APP } from '../../personas/app-name.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { inScope, type Scope } from '../../analysis/insights/filters.ts'
import { MIN_N } from '../../analysis/insights/interval.ts'
import { tUpperQuantile } from '../../analysis/statistics/student-t.ts'

/** All SQL of the heat map of modules and personas. */

interface HeatCell {
  /**
   * What stands in the cell: a mean from n = 3 on, single numbers below, a dash where there is
   * none.
   */
  text: string
  n: number
  /**
   * A level is a shade: `heat-1` (bad) to `heat-5` (good), `heat-none`; `thin` below n = 3. A
   * change is a colour: `shift-worse` or `shift-better`.
   */
  tone: string
}

interface HeatRow {
  persona: { id: string, name: string, archetype: string }
  cells: HeatCell[]
}
interface HeatMap {
  modules: string[]
  rows: HeatRow[]
  hasMore: boolean
}
export type HeatMeasure = 'rating' | 'change' | 'friction'

const PERSONAS_PER_PAGE = 40
const MAX_MODULES = 40
/** A change of less has no colour. */
const HALF = 0.5
/** How often any cell of a page may be coloured where nothing changed. */
const ALPHA = 0.05
/** Whole numbers cannot say less: the variance of rounding. */
const LEAST_VARIANCE = 1 / 12

/**
 * How many different ones stand behind the cells: numbers of different models and prompts do not
 * compare.
 */
export async function countMixed (
  db: Queryable,
  scope: Scope,
  measure: HeatMeasure
): Promise<{ models: number, promptVersions: number }> {
  const from = measure !== 'friction'
    ? sql`persona_feedback f WHERE f.grounded AND f.rating IS NOT NULL`
    : sql`module_visits f WHERE true`
  const { rows: [row] } = await sql<{ models: number, promptVersions: number }>`
    SELECT count(DISTINCT f.model)::int AS models, count(DISTINCT f.prompt_version)::int AS "promptVersions"
    FROM ${from} AND ${inScope(scope, 'f')}`.execute(db)
  return row ?? { models: 0, promptVersions: 0 }
}

interface FactRow {
  persona_id: string
  module: string
  n: number
  mean: number | null
  singles: number[] | null
  /** Of a change: how many ratings before, and the squared deviations from both means. */
  before?: number
  squares?: number
}

interface HeatQuestion {
  measure: HeatMeasure
  /** What a change is counted from. */
  at: string
  /** The ratings before it count from here. */
  since: string
  /** From 1. */
  page: number
}

/** A page of personas in order of name. */
export async function readHeatMap (
  db: Queryable,
  scope: Scope,
  { measure, at, since, page }: HeatQuestion
): Promise<HeatMap> {
  const { rows: modules } = await sql<{ module: string }>`
    SELECT module FROM known_tools WHERE app = ${
    scope.filter.app ?? FIRST_APP
  } UNION SELECT v.module FROM module_visits v WHERE ${inScope(scope, 'v')}
    UNION SELECT f.module FROM persona_feedback f WHERE ${
    inScope(scope, 'f')
  } AND f.module <> '__parse' ORDER BY 1 LIMIT ${MAX_MODULES}`.execute(db)
  const { app } = scope.filter
  const personas = await db.selectFrom('personas').select(['id', 'name', 'archetype']).$if(
    app !== undefined,
    query => query.where('app', '=', app ?? '')
  )
    .orderBy('name').orderBy('id').limit(PERSONAS_PER_PAGE + 1).offset(
      (page - 1) * PERSONAS_PER_PAGE
    ).execute()
  const shown = personas.slice(0, PERSONAS_PER_PAGE)
  const ids = shown.map(persona => persona.id)
  const facts = measure === 'rating'
    ? await readRatings(db, scope, ids)
    : measure === 'friction'
    ? await readFriction(db, scope, ids)
    : await readShifts(db, scope, ids, { at, since })
  const least = measure === 'change' ? leastShifts(facts) : () => 0
  const byCell = new Map(facts.map(fact => [`${fact.persona_id} ${fact.module}`, fact]))
  const names = worstFirst(modules.map(row => row.module), facts, measure)
  const rows = shown.map(persona => ({
    persona,
    cells: names.map(module => toCell(byCell.get(`${persona.id} ${module}`), measure, least))
  }))
  return { modules: names, rows, hasMore: personas.length > PERSONAS_PER_PAGE }
}

async function readRatings (db: Queryable, scope: Scope, personaIds: string[]): Promise<FactRow[]> {
  const { rows } = await sql<FactRow>`
    SELECT f.persona_id, f.module, count(*)::int AS n, avg(f.rating)::float8 AS mean, (array_agg(f.rating ORDER BY f.created_at, f.id))[1:2] AS singles
    FROM persona_feedback f WHERE ${
    inScope(scope, 'f')
  } AND f.persona_id = ANY (${personaIds}::uuid[]) AND f.grounded AND f.rating IS NOT NULL
    GROUP BY 1, 2`.execute(db)
  return rows
}

/** Mean after `at` minus mean before, where there are 3 ratings or more on both sides. */
async function readShifts (
  db: Queryable,
  scope: Scope,
  personaIds: string[],
  { at, since }: Pick<HeatQuestion, 'at' | 'since'>
): Promise<FactRow[]> {
  const before = sql`f.created_at >= ${since}::timestamptz AND f.created_at < ${at}::timestamptz`
  const after = sql`f.created_at >= ${at}::timestamptz`
  const { rows } = await sql<FactRow>`
    SELECT f.persona_id, f.module, (count(*) FILTER (WHERE ${after}))::int AS n, NULL AS singles,
      (count(*) FILTER (WHERE ${before}))::int AS before,
      (coalesce(var_pop(f.rating) FILTER (WHERE ${before}), 0) * count(*) FILTER (WHERE ${before})
        + coalesce(var_pop(f.rating) FILTER (WHERE ${after}), 0) * count(*) FILTER (WHERE ${after}))::float8 AS squares,
      (avg(f.rating) FILTER (WHERE ${after}) - avg(f.rating) FILTER (WHERE ${before}))::float8 AS mean
    FROM persona_feedback f WHERE ${
    inScope(scope, 'f')
  } AND f.persona_id = ANY (${personaIds}::uuid[]) AND f.grounded AND f.rating IS NOT NULL
    GROUP BY 1, 2
    HAVING count(*) FILTER (WHERE ${before}) >= ${MIN_N} AND count(*) FILTER (WHERE ${after}) >= ${MIN_N}`
    .execute(db)
  return rows
}

async function readFriction (
  db: Queryable,
  scope: Scope,
  personaIds: string[]
): Promise<FactRow[]> {
  const { rows } = await sql<FactRow>`
    SELECT v.persona_id, v.module, count(*)::int AS n, (sum(v.friction * v.calls) / nullif(sum(v.calls), 0))::float8 AS mean, NULL AS singles
    FROM module_visits v WHERE ${
    inScope(scope, 'v')
  } AND v.persona_id = ANY (${personaIds}::uuid[]) GROUP BY 1, 2`.execute(db)
  return rows
}

/**
 * How large a change of a cell must be to have a colour: its 95 % interval, widened for the number
 * of cells of the page (Bonferroni), must lie on one side of 0. The variance of one rating is
 * shared by all cells, as single cells have few.
 */
function leastShifts (facts: readonly FactRow[]): (fact: FactRow) => number {
  const df = facts.reduce((sum, { n, before = 0 }) => sum + n + before - 2, 0)
  if (df < 1) return () => Infinity
  const squares = facts.reduce((sum, fact) => sum + (fact.squares ?? 0), 0)
  const variance = Math.max(LEAST_VARIANCE, squares / df)
  const quantile = tUpperQuantile(ALPHA / facts.length / 2, df)
  return ({ n, before = 0 }) =>
    Math.max(HALF, quantile * Math.sqrt(variance * (1 / n + 1 / before)))
}

/** Columns by the mean of their cells. Pure. */
function worstFirst (
  modules: string[],
  facts: readonly FactRow[],
  measure: HeatMeasure
): string[] {
  const byModule = Map.groupBy(facts.filter(({ mean }) => mean !== null), ({ module }) => module)
  const sign = measure === 'friction' ? -1 : 1
  const levelOf = (module: string) => {
    const all = byModule.get(module) ?? []
    const sum = all.reduce((total, { mean }) => total + (mean ?? 0), 0)
    return all.length === 0 ? Infinity : sign * sum / all.length
  }
  const levels = new Map(modules.map(module => [module, levelOf(module)]))
  const level = (module: string) => levels.get(module) ?? Infinity
  return modules.toSorted((a, b) => level(a) === level(b) ? 0 : level(a) - level(b))
}

function toCell (
  fact: FactRow | undefined,
  measure: HeatMeasure,
  least: (fact: FactRow) => number
): HeatCell {
  if (fact === undefined || fact.mean === null) return { text: '–', n: 0, tone: 'heat-none' }
  if (measure === 'friction') {
    return { text: fact.mean.toFixed(0), n: fact.n, tone: `heat-${frictionStep(fact.mean)}` }
  }
  if (measure === 'change') {
    const sign = fact.mean < 0 ? '−' : '+'
    return {
      text: `${sign}${Math.abs(fact.mean).toFixed(1)}`,
      n: fact.n,
      tone: Math.abs(fact.mean) < least(fact)
        ? 'heat-none'
        : fact.mean < 0
        ? 'shift-worse'
        : 'shift-better'
    }
  }
  if (fact.n < MIN_N) {
    return {
      text: (fact.singles ?? []).join(', '),
      n: fact.n,
      tone: `heat-${Math.round(fact.mean)} thin`
    }
  }
  return { text: fact.mean.toFixed(1), n: fact.n, tone: `heat-${Math.round(fact.mean)}` }
}

/** From 5 (hardly any) to 1. */
const frictionStep = (friction: number) =>
  friction < 5 ? 5 : friction < 15 ? 4 : friction < 30 ? 3 : friction < 50 ? 2 : 1
