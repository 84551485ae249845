import { FIRST_APP } from '../../personas/app-name.ts'
import type { Queryable } from '../../platform/db/database.ts'
import {
  BadRequestError,
  ReleaseNotFoundError,
  ReleaseNotLiveError
} from '../../platform/errors.ts'
import type { Comparison, CompareQuery } from './compare-schemas.ts'
import { compareSides, type Side, type SideDays } from './compare.ts'
import {
  dayOf,
  isAnnounced,
  readCastRows,
  readReleasesSoFar,
  type StoredRelease
} from './visits-query.ts'

/** Answers how two releases of an app differ, or two ranges of days. */

/** The latest days of each side. */
const MAX_DAYS = 90
const DAY_MS = 24 * 60 * 60 * 1000

/** @throws BadRequestError, ReleaseNotFoundError, ReleaseNotLiveError */
export async function compareInApp (db: Queryable, query: CompareQuery): Promise<Comparison> {
  const { app = FIRST_APP, module } = query
  const releases = await readReleasesSoFar(db, app)
  const wanted = wantedOf(query, releases) ?? await refuse(db, query, { app, releases })
  const rows = await readCastRows(db, { app, releases, ...wanted.rows })
  const { before, after, modules } = compareSides(rows, wanted.sides, MAX_DAYS)
  const known = modules.map(found => found.module)
  if (module !== undefined && !known.includes(module)) {
    throw new BadRequestError(
      `module must be one that personas visited on these days (it is "${module}"): ${
        known.join(', ') || 'there is none'
      }.`
    )
  }
  const isRange = wanted.rows.versions === undefined
  return {
    app,
    before: { release: isRange ? null : query.before, ...toDates(before) },
    after: { release: isRange ? null : query.after, ...toDates(after) },
    modules: modules.filter(found => module === undefined || found.module === module)
      .map(({ look: { state, reason, rating, friction, errors, groups }, ...found }) => ({
        ...found,
        state,
        reason,
        rating,
        friction,
        errors,
        groups
      }))
  }
}

const toDates = ({ from, to, days }: SideDays) => ({ from: toDate(from), to: toDate(to), days })
const toDate = (day: number | null) =>
  day === null ? null : new Date(day * DAY_MS).toISOString().slice(0, 10)

interface Wanted {
  sides: { before: Side, after: Side }
  rows: { fromDay: number, toDay?: number, versions?: string[] }
}

/** @returns null: one of the releases is not among these */
function wantedOf (query: CompareQuery, releases: readonly StoredRelease[]): Wanted | null {
  const before = readRange(query.before, 'before')
  const after = readRange(query.after, 'after')
  if (before !== null && after !== null) return twoRanges(before, after)
  if (before === null && after === null) return twoReleases(query, releases)
  throw new BadRequestError(
    'before and after must be of one kind: two releases, or two ranges such as 2026-11-01/2026-11-14'
  )
}

interface Days {
  name: string
  from: number
  /** The last day that is in it. */
  to: number
}

const RANGE = /^(\d{4}-\d{2}-\d{2})\/(\d{4}-\d{2}-\d{2})$/

/** @returns null: it is no range, so the name of a release */
function readRange (text: string, field: 'before' | 'after'): Days | null {
  const [, first, last] = RANGE.exec(text) ?? []
  if (first === undefined || last === undefined) return null
  const [from, to] = [first, last].map(date => readDate(date, field)) as [number, number]
  if (from > to) {
    throw new BadRequestError(`${field} must begin before it ends (it is ${text})`)
  }
  if (to - from >= MAX_DAYS) {
    throw new BadRequestError(`${field} must be ${MAX_DAYS} days at most (it is ${text})`)
  }
  return { name: `${first} to ${last}`, from, to }
}

function readDate (date: string, field: string): number {
  const at = new Date(`${date}T00:00:00Z`)
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== date) {
    throw new BadRequestError(`${field} must name days that exist (${date} does not)`)
  }
  return dayOf(at)
}

function twoRanges (before: Days, after: Days): Wanted {
  if (after.from <= before.to) {
    throw new BadRequestError(
      `after must begin when before is over: ${before.name} and ${after.name} overlap or are swapped`
    )
  }
  const side = ({ name, from, to }: Days): Side => ({
    name,
    has: ({ day }) => day >= from && day <= to
  })
  return {
    sides: { before: side(before), after: side(after) },
    rows: { fromDay: before.from, toDay: after.to + 1 }
  }
}

function twoReleases (
  { before, after }: CompareQuery,
  releases: readonly StoredRelease[]
): Wanted | null {
  const placeOf = (name: string) => releases.findIndex(release => release.name === name)
  const from = releases[placeOf(before)]
  if (from === undefined || placeOf(after) < 0) return null
  if (placeOf(before) >= placeOf(after)) {
    throw new BadRequestError(
      `before must be an earlier release than after (they are ${before} and ${after})`
    )
  }
  const side = (name: string): Side => ({
    name,
    has: ({ release }) => release === placeOf(name)
  })
  return {
    sides: { before: side(before), after: side(after) },
    rows: { fromDay: dayOf(from.at) - MAX_DAYS, versions: [before, after] }
  }
}

/** Names the one that is missing. @throws ReleaseNotFoundError, ReleaseNotLiveError */
async function refuse (
  db: Queryable,
  query: CompareQuery,
  { app, releases }: { app: string, releases: readonly StoredRelease[] }
): Promise<never> {
  const field = releases.some(({ name }) => name === query.before) ? 'after' : 'before'
  const { [field]: version } = query
  throw await isAnnounced(db, { app, version })
    ? new ReleaseNotLiveError(version, field)
    : new ReleaseNotFoundError(app, version, field)
}
