import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { plotRatings, type RatingPlot } from './rating-plot.ts'

/** All SQL of the page of one persona, besides what its repository reads. */

const RATINGS_PER_MODULE = 60

interface ModuleRatings {
  module: string
  /** Ratings with a number whose evidence holds. */
  n: number
  /** Ratings that count nowhere: without evidence that holds, or without a number. */
  uncounted: number
  latest: number | null
  plot: RatingPlot
}

/**
 * Per module, how this persona rated it over time: each number by itself, because one persona's
 * ratings are no sample.
 */
export async function readRatingsOverTime (
  db: Queryable,
  personaId: string
): Promise<ModuleRatings[]> {
  const { rows } = await sql<
    {
      module: string
      n: number
      uncounted: number
      points: { at: string, rating: number, run: string }[] | null
    }
  >`
    SELECT module, count(*) FILTER (WHERE counts)::int AS n, count(*) FILTER (WHERE NOT counts)::int AS uncounted,
      (json_agg(json_build_object('at', created_at, 'rating', rating, 'run', tick_id) ORDER BY created_at, id)
        FILTER (WHERE counts AND place <= ${RATINGS_PER_MODULE})) AS points
    FROM (
      SELECT *, row_number() OVER (PARTITION BY module, counts ORDER BY created_at DESC, id DESC) AS place
      FROM (SELECT *, (grounded IS TRUE AND rating IS NOT NULL) AS counts FROM persona_feedback
        WHERE persona_id = ${personaId}::uuid AND module <> '__parse') f
    ) f GROUP BY module ORDER BY module`.execute(db)
  const instants = rows.flatMap(row => row.points ?? []).map(point => Date.parse(point.at))
  const range = { from: Math.min(...instants), to: Math.max(...instants) }
  return rows.map(({ points, ...row }) => {
    const rated = (points ?? []).map(point => ({ ...point, at: Date.parse(point.at) }))
    return { ...row, latest: rated.at(-1)?.rating ?? null, plot: plotRatings(rated, range) }
  })
}

interface MixBar {
  module: string
  weight: number
  percent: number
}

/** The modules a persona likes, the most important first, with their shares. Pure. */
export function mixBars (mix: Record<string, number>): MixBar[] {
  const sum = Object.values(mix).reduce((total, weight) => total + weight, 0)
  return Object.entries(mix).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([module, weight]) => ({ module, weight, percent: Math.round(100 * weight / sum) }))
}

/** Now, as clocks and calendars have it where the persona lives. Pure. */
export function timeThere (timeZone: string, now = new Date()): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZone
  }).format(now)
}
