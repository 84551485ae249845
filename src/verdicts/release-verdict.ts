import type { Bundle } from './bundles.ts'
import type { CastRows, CastVisit } from './cast-rows.ts'
import { bothChannels, channelFinding, tooFew, type ChannelFinding, type ModuleState } from './channel-finding.ts'
import { daysToWait } from './days-needed.ts'
import { estimateChannel, type Estimate } from './estimate.ts'
import { commonDirection } from './everything-moved.ts'
import { alphaShares } from './looks.ts'
import { CHANNELS, METHOD, type ChannelName } from './method.ts'
import { pairedDifference } from './paired-difference.ts'
import type { Visits } from './visits.ts'
import { gridOf, windowOf, type Window } from './window.ts'

/** What one release did to each module, look by look. Pure. */

export type Verdict = ModuleState | 'everything_moved' | 'not_comparable'

export interface ModuleLook {
  /** Days under the release that were looked at. */
  day: number
  state: Verdict
  rating: ChannelFinding | null
  friction: ChannelFinding | null
  /**
   * Days under the release after which a change that matters would be seen in ratings; null: waiting alone will not do,
   * or nothing can be computed yet.
   */
  daysNeeded: number | null
}

export interface ModuleVerdict {
  module: string
  /** The first look that saw a change decides; else the latest. */
  verdict: Verdict
  /** The look that decided; null: there was none yet. */
  seenOnDay: number | null
  /** Set where the verdict is `not_comparable`. */
  reason: 'context_changed' | 'cast_changed' | null
  daysBefore: number
  daysAfter: number
  looks: ModuleLook[]
  /** The visits that the verdict rests on. */
  window: Window
}

/**
 * @param changedBefore by module, the place of the latest release that is known to have changed it: its before begins there,
 * else the days before a mended fault would hide that it was mended
 */
export function judgeRelease (
  rows: CastRows, bundle: Bundle, changedBefore: ReadonlyMap<string, number>
): ModuleVerdict[] {
  const modules = [...new Set(rows.visits.map(visit => visit.module))].sort()
  const subjects = modules
    .map(module => subjectOf(rows, bundle, module, changedBefore.get(module)))
    .filter(subject => subject.window.visits.length > 0)
  const channels = channelsOf(subjects)
  const shares = alphaShares(subjects.map(subject => subject.module), bundle.touches)
  const daysAfter = Math.max(0, ...subjects.map(subject => subject.window.daysAfter.length))
  const looks = METHOD.looks.filter(days => days <= daysAfter).map(days => look(subjects, { days, shares, channels }))
  return subjects.map((subject, i) => conclude(subject, looks.flatMap(found => found[i] ?? [])))
}

interface Subject {
  module: string
  window: Window
  grids: Record<ChannelName, Visits>
}

function subjectOf (rows: CastRows, bundle: Bundle, module: string, since: number | undefined): Subject {
  const window = windowOf(rows, bundle, since)
  const own = window.visits.filter(visit => visit.module === module)
  return {
    module,
    window: { ...window, visits: own },
    grids: { rating: gridOf(window, own, 'rating'), friction: gridOf(window, own, 'friction') }
  }
}

const CHANNEL_NAMES = ['rating', 'friction'] as const

/** The part of α of each channel that the rows have: a cast without friction spends all on ratings. */
function channelsOf (subjects: readonly Subject[]): Map<ChannelName, number> {
  const present = CHANNEL_NAMES.filter(name =>
    subjects.some(({ window }) => window.visits.some(visit => visit[name] !== null)))
  const total = present.reduce((sum, name) => sum + CHANNELS[name].share, 0)
  return new Map(present.map(name => [name, CHANNELS[name].share / total]))
}

interface LookOptions { days: number, shares: number[], channels: ReadonlyMap<ChannelName, number> }

function look (subjects: readonly Subject[], { days, shares, channels }: LookOptions): ModuleLook[] {
  const estimates = (name: ChannelName): Estimate[] =>
    estimateChannel(subjects.map(({ grids }) => pairedDifference(grids[name], days)), CHANNELS[name])
  const rating = estimates('rating')
  const friction = estimates('friction')
  const findings = (name: ChannelName, of: Estimate[]) => subjects.map(({ grids }, i) => {
    const alpha = METHOD.alpha * (shares[i] ?? 0) * (channels.get(name) ?? 0)
    const estimate = of[i]
    return alpha === 0 || estimate === undefined
      ? null
      : channelFinding(estimate, CHANNELS[name], { alpha, daysBefore: grids[name].daysBefore })
  })
  const found = { rating: findings('rating', rating), friction: findings('friction', friction) }
  const isSwept = (name: ChannelName, i: number) => {
    const own = found[name][i] ?? null
    if (own === null || own.state === 'none') return false
    return commonDirection(found[name].filter((_, other) => other !== i), CHANNELS[name]) === Math.sign(own.delta)
  }
  return subjects.map((subject, i) => {
    const own = { rating: found.rating[i] ?? null, friction: found.friction[i] ?? null }
    const few = [rating[i], friction[i]].every(estimate => estimate === undefined || tooFew(estimate))
    const state = bothChannels(own.rating, own.friction, few)
    const swept = state !== 'too_little_data' && CHANNEL_NAMES.some(name => isSwept(name, i))
    const alpha = METHOD.alpha * (shares[i] ?? 0) * (channels.get('rating') ?? 0)
    const daysNeeded = alpha === 0 || rating[i] === undefined ? null : daysToWait(subject.grids.rating, rating[i], { alpha, days })
    return { day: days, state: swept ? 'everything_moved' : state, ...own, daysNeeded }
  })
}

const CHANGES: ReadonlySet<Verdict> = new Set(['worse', 'better', 'mixed'])

/** A verdict that accuses or praises one module. */
const isChange = (verdict: Verdict) => CHANGES.has(verdict)

/** From this release on the module stands elsewhere, whatever the cause. */
export const movesLevel = (verdict: Verdict) => isChange(verdict) || verdict === 'everything_moved'

function conclude ({ module, window }: Subject, looks: ModuleLook[]): ModuleVerdict {
  const reason = whyNotComparable(window)
  const deciding = looks.find(({ state }) => isChange(state)) ?? looks.at(-1)
  return {
    module,
    verdict: reason === null ? deciding?.state ?? 'too_little_data' : 'not_comparable',
    seenOnDay: reason === null ? deciding?.day ?? null : null,
    reason,
    daysBefore: window.daysBefore.length,
    daysAfter: window.daysAfter.length,
    looks: reason === null ? looks : [],
    window
  }
}

/** More than half of the visits after by personas that were not there before: the cast changed, and not the module. */
function whyNotComparable ({ daysBefore, daysAfter, visits, otherContext }: Window): ModuleVerdict['reason'] {
  const isAfter = (visit: CastVisit) => visit.day >= (daysAfter[0] ?? Infinity)
  const after = visits.filter(isAfter)
  if (after.length === 0) return null
  if (daysBefore.length === 0) return otherContext > 0 ? 'context_changed' : null
  const known = new Set(visits.filter(visit => !isAfter(visit)).map(visit => visit.persona))
  if (known.size === 0) return null
  const unknown = after.filter(visit => !known.has(visit.persona)).length
  return unknown > after.length / 2 ? 'cast_changed' : null
}
