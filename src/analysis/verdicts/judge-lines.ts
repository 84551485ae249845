import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { CastRows, CastVisit, Release } from './cast-rows.ts'

/** Rows from anywhere, one JSON object a line, gathered by cast. */

const Name = Type.String({ minLength: 1, maxLength: 200 })
const Instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}:\\d{2}))?$'
})

const VisitLine = Type.Object({
  cast: Type.Optional(Name),
  persona: Name,
  module: Name,
  at: Instant,
  rating: Type.Optional(Type.Union([Type.Number({ minimum: 1, maximum: 5 }), Type.Null()])),
  friction: Type.Optional(Type.Union([Type.Number({ minimum: 0, maximum: 100 }), Type.Null()])),
  errors: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
  calls: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
  release: Type.Optional(Type.Union([Name, Type.Null()])),
  model: Type.Optional(Type.Union([Name, Type.Null()])),
  prompts: Type.Optional(Type.Union([Name, Type.Null()])),
  archetype: Type.Optional(Type.Union([Name, Type.Null()])),
  locale: Type.Optional(Type.Union([Name, Type.Null()]))
})
type VisitLine = Static<typeof VisitLine>

const ReleaseLine = Type.Object({
  cast: Type.Optional(Name),
  release: Name,
  at: Instant,
  touches: Type.Optional(Type.Array(Name))
})
type ReleaseLine = Static<typeof ReleaseLine>

const CHECKS = { visit: Compile(VisitLine), release: Compile(ReleaseLine) }
const DAY_MS = 24 * 60 * 60 * 1000
const DEFAULT_CAST = 'default'

type Visit = Omit<CastVisit, 'release'> & { atMs: number, label: string | null }
interface Mark {
  name: string
  atMs: number
  touches: string[]
}
interface Cast {
  visits: Visit[]
  marks: Map<string, Mark>
}

export class CastLines {
  readonly #casts = new Map<string, Cast>()

  /** @returns why the line was not taken; null: it was, or it is empty */
  add (line: string): string | null {
    if (line.trim() === '') return null
    const row = parse(line)
    if (row === undefined) return 'it is not a JSON object'
    const kind = 'persona' in row || 'module' in row ? 'visit' : 'release'
    const check = CHECKS[kind]
    if (!check.Check(row)) return problemOf(check.Errors(row), kind)
    const read = row as VisitLine | ReleaseLine
    const atMs = Date.parse(read.at)
    if (Number.isNaN(atMs)) {
      return `"at" must be a date that exists (it is ${JSON.stringify(read.at)})`
    }
    const cast = this.#castOf(read.cast ?? DEFAULT_CAST)
    return kind === 'visit'
      ? addVisit(cast, read as VisitLine, atMs)
      : addMark(cast, read as ReleaseLine, atMs)
  }

  /** In the order in which the casts were met. */
  *casts (): Generator<{ cast: string, rows: CastRows }> {
    for (const [cast, { visits, marks }] of this.#casts) yield { cast, rows: toRows(visits, marks) }
  }

  #castOf (name: string): Cast {
    const known = this.#casts.get(name)
    if (known !== undefined) return known
    const cast = { visits: [], marks: new Map() }
    this.#casts.set(name, cast)
    return cast
  }
}

function parse (line: string): Record<string, unknown> | undefined {
  try {
    const row: unknown = JSON.parse(line)
    return row !== null && typeof row === 'object' && !Array.isArray(row)
      ? row as Record<string, unknown>
      : undefined
  } catch {
    return undefined
  }
}

const EXPECTS: Record<string, string> = {
  at: 'a time such as 2026-11-26T08:00:00Z, or a date',
  rating: 'a number from 1 to 5, or null',
  friction: 'a number from 0 to 100, or null',
  errors: 'a whole number from 0, or null',
  calls: 'a whole number from 0, or null',
  touches: 'a list of modules'
}

function problemOf (
  errors: { instancePath: string, keyword: string, params: object }[],
  kind: string
): string {
  const [first] = errors
  const missing = (first?.params as { requiredProperties?: string[] } | undefined)
    ?.requiredProperties?.[0]
  if (missing !== undefined) return `"${missing}" is missing in this ${kind}`
  const field = first?.instancePath.split('/')[1] ?? ''
  return `"${field}" must be ${EXPECTS[field] ?? 'a text of 1 to 200 characters'}`
}

function addVisit (cast: Cast, line: VisitLine, atMs: number): string | null {
  const { persona, module, rating = null, friction = null, errors = null, calls = null } = line
  if (errors !== null && calls !== null && errors > calls) {
    return '"errors" must not be more than "calls"'
  }
  if (rating === null && friction === null && calls === null) {
    return 'it has neither "rating" nor "friction" nor "calls"'
  }
  cast.visits.push({
    persona,
    module,
    atMs,
    day: Math.floor(atMs / DAY_MS),
    rating,
    // The least that failed calls can mean; repeats and slowness are not known here.
    friction: friction ??
      (calls === null || errors === null || calls === 0 ? null : 100 * errors / calls),
    errors,
    calls,
    label: line.release ?? null,
    context: JSON.stringify([line.model ?? null, line.prompts ?? null]),
    archetype: line.archetype ?? null,
    locale: line.locale ?? null
  })
  return null
}

function addMark (
  { marks }: Cast,
  { release: name, touches = [] }: ReleaseLine,
  atMs: number
): string | null {
  if (marks.has(name)) return `release "${name}" was named before`
  marks.set(name, { name, atMs, touches })
  return null
}

/** A visit lives under the release that it names, else under the latest that was there. */
function toRows (visits: readonly Visit[], named: ReadonlyMap<string, Mark>): CastRows {
  const marks = new Map(named)
  for (const { label, atMs } of visits) {
    if (label === null || named.has(label)) continue
    marks.set(label, {
      name: label,
      atMs: Math.min(atMs, marks.get(label)?.atMs ?? Infinity),
      touches: []
    })
  }
  const ordered = [...marks.values()].sort((a, b) => a.atMs - b.atMs || (a.name < b.name ? -1 : 1))
  const placeOf = new Map(ordered.map((mark, place) => [mark.name, place]))
  const releases: Release[] = ordered.map(({ name, atMs, touches }) => ({
    name,
    day: Math.floor(atMs / DAY_MS),
    touches
  }))
  return {
    releases,
    visits: visits.map(({ atMs, label, ...visit }) => ({
      ...visit,
      release: label === null
        ? ordered.findLastIndex(mark => mark.atMs <= atMs)
        : placeOf.get(label) ?? -1
    }))
  }
}
