import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'

/** Whom a change hit: the same personas before and after it. */

export interface PersonaChange {
  id: string
  name: string
  archetype: string
  locale: string
  before: number
  after: number
}

interface WhomQuestion {
  app: string
  module: string
  /** When the release went live. */
  at: string
  /** Whole days (UTC) on both sides, as the verdict counts them. */
  daysBefore: number
  daysAfter: number
}

const HALF_A_POINT = 0.5

/**
 * Mean ratings that count of personas that rated on both sides, the largest fall first. As in a
 * verdict, a day with ratings on both sides and runs with an incident are left out.
 */
export async function readWhom (
  db: Queryable,
  { app, module, at, daysBefore, daysAfter }: WhomQuestion
): Promise<PersonaChange[]> {
  const liveOn = sql`(${at}::timestamptz AT TIME ZONE 'UTC')::date`
  const { rows } = await sql<PersonaChange>`
    WITH said AS (
      SELECT f.persona_id, f.rating, f.created_at >= ${at}::timestamptz AS is_after,
        (f.created_at AT TIME ZONE 'UTC')::date AS day
      FROM persona_feedback f
      WHERE f.module = ${module} AND f.grounded AND f.rating IS NOT NULL
        AND f.created_at >= (${liveOn} - ${daysBefore}::int)::timestamp AT TIME ZONE 'UTC'
        AND f.created_at < (${liveOn} + ${daysAfter}::int + 1)::timestamp AT TIME ZONE 'UTC'
        AND f.persona_id IN (SELECT id FROM personas WHERE app = ${app})
        AND NOT EXISTS (SELECT FROM incidents i WHERE i.run_id = f.tick_id)
    ), mixed AS (
      SELECT day FROM said GROUP BY day HAVING bool_or(is_after) AND NOT bool_and(is_after)
    ), counted AS (
      SELECT persona_id, avg(rating) FILTER (WHERE NOT is_after)::float8 AS before,
        avg(rating) FILTER (WHERE is_after)::float8 AS after
      FROM said WHERE day NOT IN (SELECT day FROM mixed)
        AND day < ${liveOn} + ${daysAfter}::int + (SELECT count(*)::int FROM mixed)
      GROUP BY 1
      HAVING count(*) FILTER (WHERE is_after) > 0 AND count(*) FILTER (WHERE NOT is_after) > 0
    )
    SELECT p.id, p.name, p.archetype, p.locale, counted.before, counted.after
    FROM counted JOIN personas p ON p.id = counted.persona_id
    ORDER BY counted.after - counted.before, p.name, p.id`.execute(db)
  return rows
}

/** `14 of the 19 personas rate it lower by half a point or more, none higher`. */
export function whomSentence (personas: readonly PersonaChange[]): string | null {
  if (personas.length === 0) return null
  const lower = personas.filter(({ before, after }) => after - before <= -HALF_A_POINT).length
  const higher = personas.filter(({ before, after }) => after - before >= HALF_A_POINT).length
  const [one, other] = lower >= higher
    ? [`${lower} of ${these(personas)} rate it lower`, `${higher || 'none'} higher`]
    : [`${higher} of ${these(personas)} rate it higher`, `${lower || 'none'} lower`]
  return `${one} by half a point or more, ${other}.`
}

const these = ({ length }: readonly PersonaChange[]) =>
  length === 1 ? '1 persona' : `the same ${length} personas`

interface GroupBar {
  by: string
  group: string
  personas: number
  before: number
  after: number
  delta: number
}

/** Means of personas by language and by archetype; each persona weighs the same. */
export function groupsOf (personas: readonly PersonaChange[]): GroupBar[] {
  const bars = (by: string, key: (persona: PersonaChange) => string) => {
    const groups = Map.groupBy(personas, key)
    return [...groups].map(([group, all]): GroupBar => {
      const mean = (value: (persona: PersonaChange) => number) =>
        all.reduce((sum, persona) => sum + value(persona), 0) / all.length
      const [before, after] = [mean(each => each.before), mean(each => each.after)]
      return { by, group, personas: all.length, before, after, delta: after - before }
    }).sort((a, b) => a.delta - b.delta || (a.group < b.group ? -1 : 1))
  }
  return [
    ...bars('language', ({ locale }) => languageOf(locale)),
    ...bars('archetype', ({ archetype }) => archetype)
  ]
}

const LANGUAGES = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' })

/** `German`, or the code where it has no name. */
export function languageOf (locale: string): string {
  try {
    return LANGUAGES.of(locale) ?? locale
  } catch {
    return locale
  }
}
