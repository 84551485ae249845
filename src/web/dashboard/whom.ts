import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'

/** Whom a change hit: the same personas before and after it. */

interface PersonaChange {
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
  /** Ratings before: from here until `at`. */
  from: string
  at: string
  /** Ratings after: until here. */
  until: string
}

/** Fewer ratings on one side say nothing of one persona. */
const MIN_RATINGS = 2
const HALF_A_POINT = 0.5

/** Mean ratings that count, the largest fall first. */
export async function readWhom (
  db: Queryable,
  { app, module, from, at, until }: WhomQuestion
): Promise<PersonaChange[]> {
  const { rows } = await sql<PersonaChange>`
    SELECT p.id, p.name, p.archetype, p.locale, said.before, said.after FROM (
      SELECT f.persona_id,
        avg(f.rating) FILTER (WHERE f.created_at < ${at}::timestamptz)::float8 AS before,
        avg(f.rating) FILTER (WHERE f.created_at >= ${at}::timestamptz)::float8 AS after
      FROM persona_feedback f
      WHERE f.module = ${module} AND f.grounded AND f.rating IS NOT NULL
        AND f.created_at >= ${from}::timestamptz AND f.created_at < ${until}::timestamptz
      GROUP BY 1
      HAVING count(*) FILTER (WHERE f.created_at < ${at}::timestamptz) >= ${MIN_RATINGS}
        AND count(*) FILTER (WHERE f.created_at >= ${at}::timestamptz) >= ${MIN_RATINGS}
    ) said JOIN personas p ON p.id = said.persona_id
    WHERE p.app = ${app}
    ORDER BY said.after - said.before, p.name, p.id`.execute(db)
  return rows
}

/** `14 of 19 personas rate it lower by half a point or more, none higher`. */
export function whomSentence (personas: readonly PersonaChange[]): string | null {
  if (personas.length === 0) return null
  const lower = personas.filter(({ before, after }) => after - before <= -HALF_A_POINT).length
  const higher = personas.filter(({ before, after }) => after - before >= HALF_A_POINT).length
  const [one, other] = lower >= higher
    ? [`${lower} of ${personas.length} personas rate it lower`, `${higher || 'none'} higher`]
    : [`${higher} of ${personas.length} personas rate it higher`, `${lower || 'none'} lower`]
  return `${one} by half a point or more, ${other}.`
}

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
