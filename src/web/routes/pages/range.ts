import { Type } from 'typebox'
import type { Queryable } from '../../../platform/db/database.ts'
import { databaseNow } from '../../../analysis/insights/filters.ts'
import { address } from '../../dashboard/address.ts'
import { readReleaseLines } from '../../dashboard/releases.ts'
import { dayOf, hint } from './hints.ts'

/** Which days a page looks at, as its address says. */

const DAYS = [1, 7, 14, 30, 90]
const STANDARD = 30
const MOST_DAYS = 366
const DAY_MS = 24 * 60 * 60 * 1000
const RELEASES = 60

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
/** Own days count before a release, and a release before a number of days. */
export const RangeFields = { days: text(20), since: text(100), from: text(20), to: text(20) }

interface RangeQuery {
  days?: string
  since?: string
  from?: string
  to?: string
}

type Kept = Record<string, string | number | undefined>

export interface ChosenRange {
  from: string
  /** Exclusive. */
  to: string
  /** `last 30 days`, `since 2.5.0`, `2026-11-01 to 2026-11-09`. */
  name: string
  /** What an address must say; nothing for the usual range. */
  kept: { days?: number, since?: string, from?: string, to?: string }
  /** Sentences about values that are not known. */
  hints: string[]
  /** Live releases that a range can begin with, the newest first. */
  releases: string[]
}

type Part = Pick<ChosenRange, 'from' | 'to' | 'name' | 'kept'>

export async function readRange (
  db: Queryable,
  query: RangeQuery,
  app: string
): Promise<ChosenRange> {
  const [now, lines] = await Promise.all([databaseNow(db), readReleaseLines(db, app, RELEASES)])
  const live = lines.filter(({ isLive }) => isLive)
  const hints: string[] = []
  const part = ownDays(query, now, hints) ?? sinceRelease(query, now, live, hints) ??
    lastDays(query, now, hints)
  return { ...part, hints, releases: live.map(({ version }) => version) }
}

const INSTEAD = `the last ${STANDARD} days are shown`

function ownDays (query: RangeQuery, now: string, hints: string[]): Part | undefined {
  if (!query.from && !query.to) return undefined
  const [from, to] = [dayOf(query.from), dayOf(query.to)]
  const wanted = 'a day such as 2026-11-23'
  const unknown = [
    hint({ name: 'from', given: query.from, understood: from, wanted, instead: INSTEAD }),
    hint({ name: 'to', given: query.to, understood: to, wanted, instead: INSTEAD })
  ].filter(each => each !== null)
  hints.push(...unknown)
  if (unknown.length > 0) return undefined
  const endMs = to === undefined
    ? Date.parse(now)
    : Math.min(Date.parse(now), Date.parse(to) + DAY_MS)
  const beginMs = from === undefined ? endMs - STANDARD * DAY_MS : Date.parse(from)
  if (beginMs >= endMs) {
    hints.push(`No day that has begun lies between ${from} and ${to ?? 'now'}, so ${INSTEAD}.`)
    return undefined
  }
  if (query.since) hints.push('Own days and a release are given; the own days count.')
  return {
    from: new Date(atMost(beginMs, endMs, hints)).toISOString(),
    to: new Date(endMs).toISOString(),
    name: `${from ?? `${STANDARD} days`} to ${to ?? 'now'}`,
    kept: { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  }
}

function atMost (beginMs: number, endMs: number, hints: string[]): number {
  const firstMs = endMs - MOST_DAYS * DAY_MS
  if (beginMs < firstMs) {
    hints.push(
      `A range has at most ${MOST_DAYS} days, so the last ${MOST_DAYS} of these are shown.`
    )
  }
  return Math.max(beginMs, firstMs)
}

function sinceRelease (
  { since }: RangeQuery,
  now: string,
  live: { version: string, at: string }[],
  hints: string[]
): Part | undefined {
  if (!since) return undefined
  const release = live.find(({ version }) => version === since)
  if (release === undefined) {
    const known = live.slice(0, 5).map(({ version }) => version).join(', ')
    const wanted = known === '' ? 'none is live yet' : `a live release, such as ${known}`
    hints.push(`“${since}” is not known as a release, so ${INSTEAD}. Wanted: ${wanted}.`)
    return undefined
  }
  const beginMs = atMost(Date.parse(release.at), Date.parse(now), hints)
  return {
    from: new Date(beginMs).toISOString(),
    to: now,
    name: `since ${since}`,
    kept: { since }
  }
}

function lastDays ({ days: given }: RangeQuery, now: string, hints: string[]): Part {
  const known = DAYS.find(count => String(count) === given)
  const unknown = hint({
    name: 'days',
    given,
    understood: known,
    wanted: DAYS.join(', '),
    instead: INSTEAD
  })
  if (unknown !== null) hints.push(unknown)
  const days = known ?? STANDARD
  return {
    from: new Date(Date.parse(now) - days * DAY_MS).toISOString(),
    to: now,
    name: `last ${nameOf(days)}`,
    kept: days === STANDARD ? {} : { days }
  }
}

const nameOf = (days: number) => days === 1 ? '24 hours' : `${days} days`

/** The links and the form that choose another range of the same page. Pure. */
export function pickRange (
  { kept: chosen, name, releases }: ChosenRange,
  { path, kept }: { path: string, kept: Kept }
) {
  const others = { ...kept, days: undefined, since: undefined, from: undefined, to: undefined }
  const isDays = chosen.since === undefined && chosen.from === undefined && chosen.to === undefined
  return {
    name,
    tabs: DAYS.map(days => ({
      name: days === 1 ? '24 h' : nameOf(days),
      href: address(path, { ...others, days: days === STANDARD ? undefined : days }),
      isCurrent: isDays && (chosen.days ?? STANDARD) === days
    })),
    own: isDays ? null : name,
    path,
    kept: Object.entries(others).flatMap(([field, value]) =>
      value === undefined ? [] : [[field, String(value)]]
    ),
    releases: releases.map(version => ({ version, isCurrent: version === chosen.since })),
    from: chosen.from ?? '',
    to: chosen.to ?? ''
  }
}
