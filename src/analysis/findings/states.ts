import type { Quiet } from './quiet.ts'

/** The states of a finding, and what moves it from one to another. Pure. */

export const STATES = ['new', 'ongoing', 'resolved', 'regressed', 'ignored'] as const
export type State = typeof STATES[number]
export const OPEN_STATES = ['new', 'ongoing', 'regressed'] as const satisfies State[]

/** Stored as JSON: instants are ISO 8601. */
export type Decision =
  | {
    to: 'resolved'
    at: string
    why: string | null
    /** Also regressed by runs of this release and later ones only; null: by any later run. */
    release: string | null
    /** The visits that were quiet; null: a person decided. */
    quiet: Quiet | null
  }
  | {
    to: 'ignored'
    at: string
    why: string | null
    /** Runs that had met it when it was ignored. */
    runs: number
    /** Until this instant. */
    until: string | null
    /** Until so many more runs meet it. */
    more: number | null
    /** Until a release later than this one meets it. */
    afterRelease: string | null
  }

/** `at` is written by the database's clock. */
export type NewDecision = Omit<Resolved, 'at'> | Omit<Ignored, 'at'>

export interface StateFacts {
  state: State
  decision: Decision | null
  firstSeenAt: Date
  lastSeenAt: Date
  runs: number
  /** Of the sightings since the decision; null: there is none, or no release is known of them. */
  latestAt: Date | null
  latestReleaseAt: Date | null
  /** When the release went live that the decision names; null: none is named, or not live yet. */
  releaseAt: Date | null
}

/** The state that follows from what was seen. The same one where nothing changes. */
export function nextState (facts: StateFacts): State {
  const { state, decision } = facts
  if (decision?.to === 'resolved') return isBack(facts, decision) ? 'regressed' : 'resolved'
  if (decision?.to === 'ignored') return isIgnored(facts, decision) ? 'ignored' : 'ongoing'
  if (state === 'new' && dayOf(facts.lastSeenAt) > dayOf(facts.firstSeenAt)) return 'ongoing'
  return state
}

export type Resolved = Extract<Decision, { to: 'resolved' }>
export type Ignored = Extract<Decision, { to: 'ignored' }>

/** Runs of releases before the one that mends it say nothing about the mend. */
function isBack ({ latestAt, latestReleaseAt, releaseAt }: StateFacts, { release }: Resolved) {
  if (release === null) return latestAt !== null
  return releaseAt !== null && latestReleaseAt !== null && latestReleaseAt >= releaseAt
}

function isIgnored (facts: StateFacts, { until, more, runs, afterRelease }: Ignored): boolean {
  const { latestAt, latestReleaseAt, releaseAt } = facts
  if (until !== null && latestAt !== null && latestAt > new Date(until)) return false
  if (more !== null && facts.runs - runs >= more) return false
  return afterRelease === null || releaseAt === null || latestReleaseAt === null ||
    latestReleaseAt <= releaseAt
}

const dayOf = (at: Date) => at.toISOString().slice(0, 10)
