import type {
  Finding,
  FindingDetail,
  FindingEvent,
  Verification
} from '../../analysis/findings/schemas.ts'

/** The words of the pages about findings. Pure. */

type Tone = 'error' | 'warn' | 'ok' | 'muted'

const STATE: Record<Finding['state'], { text: string, tone: Tone }> = {
  new: { text: 'new', tone: 'error' },
  regressed: { text: 'is back', tone: 'error' },
  ongoing: { text: 'ongoing', tone: 'warn' },
  resolved: { text: 'resolved', tone: 'ok' },
  ignored: { text: 'ignored', tone: 'muted' }
}
export const stateBadge = (state: Finding['state']) => STATE[state]

const SEVERITY: Record<Finding['severity'], string> = {
  walked_away: 'walked away',
  gave_up: 'gave up',
  worked_around: 'tried again or worked around it',
  seen: 'went on'
}
export const severityWords = (severity: Finding['severity']) => SEVERITY[severity]

/** Why it is resolved or ignored; null: it is neither. */
export function decisionWords (decision: Finding['decision']): string | null {
  if (decision === null) return null
  const { to, quiet, release, until, more, afterRelease, why } = decision
  const parts: string[] = []
  if (quiet) {
    parts.push(
      `${quiet.passed} visits did not meet it, and ${quiet.needed} are enough at its rate of ${
        Math.round(quiet.rate * 100)
      } %`
    )
  }
  if (to === 'resolved' && release) parts.push(`fixed in ${release}`)
  if (until) parts.push(`until ${until.slice(0, 10)}`)
  if (more) parts.push(`until ${more} more runs meet it`)
  if (afterRelease) parts.push(`until a release after ${afterRelease} meets it`)
  if (why) parts.push(why)
  return parts.join('; ') || 'by hand'
}

const OUTCOME: Record<Verification['outcome'], { text: string, tone: Tone }> = {
  still_there: { text: 'still there', tone: 'error' },
  gone: { text: 'gone', tone: 'ok' },
  other_error: { text: 'another error', tone: 'warn' },
  cannot_be_replayed: { text: 'cannot be replayed', tone: 'muted' }
}
export const outcomeWords = (outcome: Verification['outcome']) => OUTCOME[outcome]

/** One line of the timeline. */
export function eventWords ({ kind, detail }: FindingEvent): string {
  const { into, from, url, quiet, by, outcome } = detail as Record<string, unknown>
  if (kind === 'merged') return into ? `merged into finding ${into}` : `took in finding ${from}`
  if (kind === 'split') return into ? `finding ${into} was split off` : `split from finding ${from}`
  if (kind === 'tracker') return url ? `filed as ${url}` : 'not filed any more'
  if (kind === 'verified') {
    return `verified: ${outcomeWords(outcome as Verification['outcome']).text}`
  }
  if (quiet) return 'resolved by itself'
  return by === 'hand' ? `${kind} by hand` : kind
}

const DAYS = 90
const DAY_MS = 24 * 60 * 60 * 1000

export interface DayBar {
  day: string
  runs: number
  /** Of the highest bar, in percent. */
  height: number
}

/** One bar for each of the last 90 days (UTC), oldest first. */
export function dayBars (days: FindingDetail['days'], now: Date): DayBar[] {
  const runsOf = new Map(days.map(({ day, runs }) => [day, runs]))
  const most = Math.max(1, ...days.map(({ runs }) => runs))
  return Array.from({ length: DAYS }, (_, i) => {
    const day = new Date(now.getTime() - (DAYS - 1 - i) * DAY_MS).toISOString().slice(0, 10)
    const runs = runsOf.get(day) ?? 0
    return { day, runs, height: Math.round(100 * runs / most) }
  })
}
