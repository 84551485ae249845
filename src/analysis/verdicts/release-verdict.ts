import type { Bundle } from './bundles.ts'
import type { CastRows, CastVisit } from './cast-rows.ts'
import {
  bothChannels,
  channelFinding,
  tooFew,
  type ChannelFinding,
  type ModuleState
} from './channel-finding.ts'
import { daysToWait } from './days-needed.ts'
import { estimateChannel, type Estimate } from './estimate.ts'
import { commonDirection } from './everything-moved.ts'
import { alphaShares, type Looks } from './looks.ts'
import { CHANNELS, METHOD, type ChannelName } from './method.ts'
import { pairedDifference } from './paired-difference.ts'
import { errorShares, groupChanges, type GroupChange, type Shares } from './reasons.ts'
import type { Visits } from './visits.ts'
import { gridOf, windowOf, type Window } from './window.ts'

/** What one release did to each module, look by look. Pure. */

export type Verdict = ModuleState | 'everything_moved' | 'not_comparable'

export interface ModuleLook {
  /** Days under the release that were looked at. */
  day: number
  state: Verdict
  /** Set where the state is `not_comparable`. */
  reason: 'context_changed' | 'cast_changed' | null
  daysBefore: number
  rating: ChannelFinding | null
  friction: ChannelFinding | null
  /**
   * Days under the release after which a change that matters would be seen in ratings; null:
   * waiting alone will not do, or nothing can be computed yet.
   */
  daysNeeded: number | null
  errors: Shares | null
  /** Parts of the cast, hit worst first. */
  groups: GroupChange[]
}

export interface ModuleLooks {
  module: string
  /**
   * In the order of their days; empty before the first look, and where no day lies before the
   * release.
   */
  looks: ModuleLook[]
}

/**
 * @param changedBefore by module, the place of the latest release that is known to have changed it:
 *   its before begins there, else the days before a mended fault would hide that it was mended
 */
export function judgeRelease (
  rows: CastRows,
  bundle: Bundle,
  changedBefore: ReadonlyMap<string, number>
): ModuleLooks[] {
  const subjects = modulesOf(rows)
    .map(module => subjectOf(module, windowOf(rows, bundle, { since: changedBefore.get(module) })))
    .filter(subject => subject.window.visits.length > 0)
  const plan = planFor(subjects, bundle.touches, 'planned')
  const daysAfter = Math.max(0, ...subjects.map(subject => subject.window.daysAfter.length))
  const hasBefore = subjects.some(({ window }) =>
    window.daysBefore.length > 0 || window.otherContext > 0
  )
  const days = METHOD.looks.filter(day => hasBefore && day <= daysAfter)
  const looks = days.map(day => lookAt(subjects, { ...plan, day }))
  return subjects.map(({ module }, i) => ({ module, looks: looks.flatMap(look => look[i] ?? []) }))
}

const modulesOf = (rows: CastRows) => [...new Set(rows.visits.map(visit => visit.module))].sort()

/**
 * One look at all days of both sides, which spends all α at once.
 * @param rows those after under the release at place 0, those before under none (-1)
 */
export function compareOnce (rows: CastRows, maxDaysBefore: number): ModuleLooks[] {
  const window = windowOf(rows, { first: 0, last: 0 }, { maxDaysBefore })
  const subjects = modulesOf(rows).map(module => subjectOf(module, window))
    .filter(subject => subject.window.visits.length > 0)
  const look = lookAt(subjects, {
    ...planFor(subjects, [], 'once'),
    day: window.daysAfter.length
  })
  return subjects.map(({ module }, i) => ({ module, looks: look.slice(i, i + 1) }))
}

interface Subject {
  module: string
  window: Window
  grids: Record<ChannelName, Visits>
}

function subjectOf (module: string, window: Window): Subject {
  const own = window.visits.filter(visit => visit.module === module)
  return {
    module,
    window: { ...window, visits: own },
    grids: { rating: gridOf(window, own, 'rating'), friction: gridOf(window, own, 'friction') }
  }
}

const CHANNEL_NAMES = ['rating', 'friction'] as const

/**
 * The part of α of each channel that the rows have: a cast without friction spends all on ratings.
 */
function channelsOf (subjects: readonly Subject[]): Map<ChannelName, number> {
  const present = CHANNEL_NAMES.filter(name =>
    subjects.some(({ window }) => window.visits.some(visit => visit[name] !== null))
  )
  const total = present.reduce((sum, name) => sum + CHANNELS[name].share, 0)
  return new Map(present.map(name => [name, CHANNELS[name].share / total]))
}

/** What each module and channel may spend. */
interface Plan {
  shares: number[]
  channels: ReadonlyMap<ChannelName, number>
  looks: Looks
}

const planFor = (
  subjects: readonly Subject[],
  touches: readonly string[],
  looks: Looks
): Plan => ({
  shares: alphaShares(subjects.map(subject => subject.module), touches),
  channels: channelsOf(subjects),
  looks
})

interface LookOptions extends Plan {
  day: number
}

/** One channel of all modules at one look. */
interface ChannelLook {
  estimates: Estimate[]
  alphas: number[]
  findings: (ChannelFinding | null)[]
}

function lookAt (subjects: readonly Subject[], options: LookOptions): ModuleLook[] {
  const rating = channelLook(subjects, 'rating', options)
  const friction = channelLook(subjects, 'friction', options)
  const { day } = options
  return subjects.map((subject, i) => {
    const own = { rating: rating.findings[i] ?? null, friction: friction.findings[i] ?? null }
    const reason = whyNotComparable(subject.window)
    const few = [rating, friction].every(({ estimates: { [i]: estimate } }) =>
      estimate === undefined || tooFew(estimate)
    )
    const state = bothChannels(own.rating, own.friction, few)
    const isSwept = sweptAlong(rating, i, 'rating') || sweptAlong(friction, i, 'friction')
    const verdict = isChange(state) && isSwept ? 'everything_moved' : state
    const channel = own.rating?.state === 'none' && isFriction(own.friction) ? 'friction' : 'rating'
    return {
      day,
      state: reason === null ? verdict : 'not_comparable',
      reason,
      daysBefore: subject.window.daysBefore.length,
      ...own,
      daysNeeded: options.looks === 'once' ? null : waitFor(subject, rating, i, day),
      errors: errorShares(subject.window, day),
      groups: groupChanges(subject.window, channel, day)
    }
  })
}

const isFriction = (finding: ChannelFinding | null) => finding !== null && finding.state !== 'none'

function channelLook (
  subjects: readonly Subject[],
  name: ChannelName,
  { day, shares, channels, looks }: LookOptions
): ChannelLook {
  const channel = CHANNELS[name]
  const estimates = estimateChannel(
    subjects.map(({ grids }) => pairedDifference(grids[name], day)),
    channel
  )
  const alphas = shares.map(share => METHOD.alpha * share * (channels.get(name) ?? 0))
  const findings = estimates.map((estimate, i) => {
    const alpha = alphas[i] ?? 0
    const daysBefore = subjects[i]?.grids[name].daysBefore ?? 0
    return alpha === 0 || daysBefore === 0
      ? null
      : channelFinding(estimate, channel, { alpha, daysBefore, looks })
  })
  return { estimates, alphas, findings }
}

/** Whether the other modules moved the same way. */
function sweptAlong ({ findings }: ChannelLook, i: number, name: ChannelName): boolean {
  const own = findings[i] ?? null
  if (own === null || own.state === 'none') return false
  const others = findings.filter((_, other) => other !== i)
  return commonDirection(others, CHANNELS[name]) === Math.sign(own.delta)
}

function waitFor (
  { grids }: Subject,
  { estimates, alphas }: ChannelLook,
  i: number,
  day: number
): number | null {
  const { [i]: estimate } = estimates
  const { [i]: alpha = 0 } = alphas
  if (alpha === 0 || estimate === undefined || grids.rating.daysBefore === 0) return null
  return daysToWait(grids.rating, estimate, { alpha, days: day })
}

/**
 * More than half of the visits after by personas that were not there before: the cast changed, and
 * not the module.
 */
function whyNotComparable (
  { daysBefore, daysAfter, visits, otherContext }: Window
): ModuleLook['reason'] {
  const isAfter = (visit: CastVisit) => visit.day >= (daysAfter[0] ?? Infinity)
  const after = visits.filter(isAfter)
  if (after.length === 0) return null
  if (daysBefore.length === 0) return otherContext > 0 ? 'context_changed' : null
  const known = new Set(visits.filter(visit => !isAfter(visit)).map(visit => visit.persona))
  if (known.size === 0) return null
  const unknown = after.filter(visit => !known.has(visit.persona)).length
  return unknown > after.length / 2 ? 'cast_changed' : null
}

const CHANGES: ReadonlySet<Verdict> = new Set(['worse', 'better', 'mixed'])

/** A verdict that accuses or praises one module. */
export const isChange = (verdict: Verdict) => CHANGES.has(verdict)

/** From this release on the module stands elsewhere, whatever the cause. */
export const movesLevel = (verdict: Verdict) => isChange(verdict) || verdict === 'everything_moved'

/**
 * The look whose state is the verdict: the first that saw a change, else the latest; undefined
 * before the first look.
 */
export function decidingLook (looks: readonly ModuleLook[]): ModuleLook | undefined {
  return looks.find(({ state }) => isChange(state)) ?? looks.at(-1)
}
