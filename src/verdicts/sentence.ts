import { CHANNELS } from './method.ts'
import type { ChannelFinding } from './channel-finding.ts'
import { errorShares } from './reasons.ts'
import type { ModuleLook, ModuleVerdict } from './release-verdict.ts'

/** A verdict in one or two sentences that promise no more than the method can carry. */

/** @param releases one name, or those that are judged together */
export function verdictSentence (found: ModuleVerdict, releases: readonly string[]): string {
  const since = releases.join(' and ')
  const look = found.looks.find(({ day }) => day === found.seenOnDay)
  const { module, daysAfter } = found
  switch (found.verdict) {
    case 'worse':
    case 'better':
    case 'mixed': return changed(found, since)
    case 'no_worse':
      return `${module}: no worse since ${since}. A fall of more than ${CHANNELS.rating.margin} points is unlikely.`
    case 'no_change_seen':
      return `${module}: no change seen since ${since}. ${wouldBeSeen(look?.rating ?? look?.friction ?? null)}`
    case 'too_little_data':
      return `${module}: too little data after ${days(daysAfter)} of ${since}. ${howLong(look)}`
    case 'everything_moved':
      return `${module} moved with nearly all other modules since ${since}. Look at sign-in, network and model first.`
    case 'not_comparable':
      return `${module}: before and after ${since} cannot be compared, because ${why(found.reason)}.`
  }
}

function changed (found: ModuleVerdict, since: string): string {
  const look = found.looks.find(({ day }) => day === found.seenOnDay)
  const findings = [describe(look?.rating ?? null, RATING), describe(look?.friction ?? null, FRICTION)]
  const errors = errorShares(found.window)
  return [
    `${found.module} ${findings.filter(text => text !== null).join('; ')} since ${since}.`,
    `${days(found.daysBefore)} before, ${found.seenOnDay} after.`,
    ...(errors === null ? [] : [`Errors so far: ${percent(errors.before)} → ${percent(errors.after)}.`])
  ].join(' ')
}

interface Wording { up: string, down: string, digits: number }
const RATING: Wording = { up: 'was rated higher', down: 'was rated lower', digits: 1 }
const FRICTION: Wording = { up: 'got in the way more', down: 'got in the way less', digits: 0 }

function describe (finding: ChannelFinding | null, { up, down, digits }: Wording): string | null {
  if (finding === null || finding.state === 'none') return null
  const { before, after, delta, low, high, personas } = finding
  const number = (value: number) => value.toFixed(digits).replace('-', '−')
  const range = `${signed(delta, digits)}, range ${number(low)} to ${number(high)}`
  return `${delta > 0 ? up : down}: ${number(before)} → ${number(after)} (${range}), by the same ${personas} personas`
}

const signed = (value: number, digits: number) => `${value > 0 ? '+' : '−'}${Math.abs(value).toFixed(digits)}`
const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`
const days = (n: number) => n === 1 ? '1 day' : `${n} days`

function wouldBeSeen (finding: ChannelFinding | null): string {
  if (finding === null) return ''
  return `One of ${finding.smallest.toFixed(1)} or more would probably have been seen. This is not "no change".`
}

function howLong (look: ModuleLook | undefined): string {
  if (look === undefined) return 'The first look is on day 2.'
  const { daysNeeded, day } = look
  if (daysNeeded === null) return 'Waiting alone will not do: more personas or more days before are needed.'
  return daysNeeded > day ? `About ${daysNeeded} days under the release would be enough.` : 'More personas are needed.'
}

function why (reason: ModuleVerdict['reason']): string {
  return reason === 'context_changed'
    ? 'the model or its prompts changed on the day of the release'
    : 'most visits after it are by personas who were not there before'
}
