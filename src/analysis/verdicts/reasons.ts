import type { CastVisit } from './cast-rows.ts'
import { CHANNELS, METHOD, type ChannelName } from './method.ts'
import { pairedDifference } from './paired-difference.ts'
import { gridOf, type Window } from './window.ts'

/**
 * What goes with a verdict without a test of its own: errors, and which part of the cast was hit
 * how much. Pure.
 */

export interface Shares {
  before: number
  after: number
}

export interface GroupChange {
  by: 'archetype' | 'locale'
  group: string
  /** Personas of the group on both sides. */
  personas: number
  delta: number
}

/**
 * Failed calls as a share of all calls in the first `days` days after; null where calls were not
 * counted on both sides.
 */
export function errorShares ({ daysAfter, visits }: Window, days: number): Shares | null {
  const from = daysAfter[0] ?? Infinity
  const to = daysAfter[days - 1] ?? from
  const before = shareOf(visits.filter(({ day }) => day < from))
  const after = shareOf(visits.filter(({ day }) => day >= from && day <= to))
  return before === null || after === null ? null : { before, after }
}

function shareOf (visits: readonly CastVisit[]): number | null {
  const calls = visits.reduce((sum, visit) => sum + (visit.calls ?? 0), 0)
  return calls === 0 ? null : visits.reduce((sum, visit) => sum + (visit.errors ?? 0), 0) / calls
}

/**
 * Groups of at least 5 personas, hit worst first. They get no verdict: the α is spent on the
 * module.
 */
export function groupChanges (window: Window, channel: ChannelName, days: number): GroupChange[] {
  const { badIs } = CHANNELS[channel]
  return (['archetype', 'locale'] as const)
    .flatMap(by => changesBy(window, by, channel, days))
    .sort((a, b) => badIs * (b.delta - a.delta) || compare(a.by, b.by) || compare(a.group, b.group))
}

const compare = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0

function changesBy (
  window: Window,
  by: GroupChange['by'],
  channel: ChannelName,
  days: number
): GroupChange[] {
  const groups = Map.groupBy(window.visits, visit => visit[by])
  if (groups.size < 2) return []
  return [...groups].flatMap(([group, visits]) => {
    if (group === null) return []
    const { personas, delta } = pairedDifference(gridOf(window, visits, channel), days)
    return personas < METHOD.minPersonas ? [] : [{ by, group, personas, delta }]
  })
}
