import { CHANNELS } from './method.ts'
import type { ChannelFinding } from './channel-finding.ts'
import { decidingLook, type ModuleLook, type ModuleLooks } from './release-verdict.ts'

/** A verdict in a few sentences that promise no more than the method can carry. */

/** @param releases one name, or those that are judged together */
export function verdictSentence (
  { module, looks }: ModuleLooks,
  releases: readonly string[]
): string {
  const since = releases.join(' and ')
  const look = decidingLook(looks)
  if (look === undefined) {
    return `${module}: nothing to say of ${since}: it needs days before it, and 2 days under it.`
  }
  return lookSentence(module, look, {
    when: `since ${since}`,
    tooLittle: `after ${days(look.day)} of ${since}. ${howLong(look)}`,
    notComparable: `before and after ${since} cannot be compared, because ${
      why(look.reason, 'on the day of the release')
    }`
  })
}

/** @param between what was compared, as `in 2.5.0, compared with 2.4.0` */
export function comparisonSentence (module: string, look: ModuleLook, between: string): string {
  return lookSentence(module, look, {
    when: between,
    tooLittle: `${between}. More personas or more days are needed.`,
    notComparable: `both sides cannot be compared, because ${why(look.reason, 'in between')}`
  })
}

interface Words {
  when: string
  tooLittle: string
  notComparable: string
}

function lookSentence (
  module: string,
  look: ModuleLook,
  { when, tooLittle, notComparable }: Words
): string {
  switch (look.state) {
    case 'worse':
    case 'better':
    case 'mixed':
      return changed(module, look, when)
    case 'no_worse':
      return `${module}: no worse ${when}. A fall of more than ${CHANNELS.rating.margin} points is unlikely.`
    case 'no_change_seen':
      return `${module}: no change seen ${when}. ${wouldBeSeen(look)}`
    case 'too_little_data':
      return `${module}: too little data ${tooLittle}`
    case 'everything_moved':
      return `${module} moved with nearly all other modules ${when}. Look at sign-in, network and model first.`
    case 'not_comparable':
      return `${module}: ${notComparable}.`
  }
}

function changed (module: string, look: ModuleLook, when: string): string {
  const channels = [describe(look.rating, RATING), describe(look.friction, FRICTION)].filter(text =>
    text !== null
  )
  const { errors } = look
  return [
    `${module} ${channels.join('; ')} ${when}.`,
    `${days(look.daysBefore)} before, ${look.day} after.`,
    ...(errors === null ? [] : [`Errors ${percent(errors.before)} → ${percent(errors.after)}.`])
  ].join(' ')
}

interface Wording {
  up: string
  down: string
  digits: number
}
const RATING: Wording = { up: 'was rated higher', down: 'was rated lower', digits: 1 }
const FRICTION: Wording = { up: 'got in the way more', down: 'got in the way less', digits: 0 }

function describe (finding: ChannelFinding | null, { up, down, digits }: Wording): string | null {
  if (finding === null || finding.state === 'none') return null
  const { before, after, delta, low, high, personas } = finding
  const number = (value: number) => value.toFixed(digits).replace('-', '−')
  const range = `${signed(delta, digits)}, range ${number(low)} to ${number(high)}`
  return `${delta > 0 ? up : down}: ${number(before)} → ${
    number(after)
  } (${range}), by the same ${personas} personas`
}

const signed = (value: number, digits: number) =>
  `${value > 0 ? '+' : '−'}${Math.abs(value).toFixed(digits)}`
const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`
const days = (n: number) => n === 1 ? '1 day' : `${n} days`

function wouldBeSeen ({ rating, friction }: ModuleLook): string {
  const size = rating === null
    ? `${friction?.smallest.toFixed(0)} of friction`
    : `${rating.smallest.toFixed(1)} points`
  return `One of ${size} or more would probably have been seen. This is not "no change".`
}

function howLong ({ daysNeeded, day }: ModuleLook): string {
  if (daysNeeded === null) {
    return 'Waiting alone will not do: more personas or more days before are needed.'
  }
  return daysNeeded > day
    ? `About ${daysNeeded} days under the release would be enough.`
    : 'More personas are needed.'
}

function why (reason: ModuleLook['reason'], changedWhen: string): string {
  return reason === 'context_changed'
    ? `the model or its prompts changed ${changedWhen}`
    : 'most visits after it are by personas who were not there before'
}
