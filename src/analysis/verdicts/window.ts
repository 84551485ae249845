import type { Bundle } from './bundles.ts'
import type { CastRows, CastVisit } from './cast-rows.ts'
import { METHOD, type ChannelName } from './method.ts'
import type { Visits } from './visits.ts'

/** Step 1 of the method: which days and visits lie before and after a release. Pure. */

export interface Window {
  /** Rising. */
  daysBefore: number[]
  daysAfter: number[]
  /** Visits on these days with the same context. */
  visits: CastVisit[]
  /** Visits before the release that were left out, because model or prompts were others. */
  otherContext: number
}

interface WindowOptions {
  /**
   * The place of an earlier release that is known to have changed something; days before it do not
   * count.
   */
  since?: number | undefined
  maxDaysBefore?: number
}

export function windowOf (
  { visits }: CastRows,
  { first, last }: Pick<Bundle, 'first' | 'last'>,
  { since = -1, maxDaysBefore = METHOD.maxDaysBefore }: WindowOptions = {}
): Window {
  const mixed = mixedDays(visits)
  const pure = visits.filter(visit => !mixed.has(visit.day))
  const after = pure.filter(visit => visit.release === last)
  const contexts = contextByPersona(after)
  const isComparable = ({ persona, context }: CastVisit) =>
    (contexts.get(persona) ?? context) === context
  const earlier = pure.filter(visit => visit.release < first && visit.release >= since)
  const before = earlier.filter(isComparable)
  const daysBefore = daysOf(before.filter(({ persona }) => contexts.has(persona))).slice(
    -maxDaysBefore
  )
  const from = daysBefore[0] ?? Infinity
  const sameContext = after.filter(isComparable)
  return {
    daysBefore,
    daysAfter: daysOf(sameContext),
    visits: [...before.filter(visit => visit.day >= from), ...sameContext],
    otherContext: earlier.length - before.length
  }
}

/**
 * A persona is compared with itself, so that two languages with prompts of their own are one cast.
 */
function contextByPersona (after: readonly CastVisit[]): Map<string, string> {
  const contexts = new Map<string, string>()
  for (const { persona, context } of after) {
    if (!contexts.has(persona)) contexts.set(persona, context)
  }
  return contexts
}

/** Days on which visits under two releases took place. */
function mixedDays (visits: readonly CastVisit[]): Set<number> {
  const releaseOf = new Map<number, number>()
  const mixed = new Set<number>()
  for (const { day, release } of visits) {
    if ((releaseOf.get(day) ?? release) !== release) mixed.add(day)
    releaseOf.set(day, release)
  }
  return mixed
}

const daysOf = (visits: readonly CastVisit[]) =>
  [...new Set(visits.map(visit => visit.day))].sort((a, b) => a - b)

/**
 * One channel of one module on the window's grid; a day with several visits of a persona counts
 * with their mean.
 */
export function gridOf (
  { daysBefore, daysAfter }: Window,
  visits: readonly CastVisit[],
  channel: ChannelName
): Visits {
  const dayIndex = new Map([...daysBefore, ...daysAfter].map((day, i) => [day, i]))
  const personaIndex = new Map(
    [...new Set(visits.map(visit => visit.persona))].map((persona, i) => [persona, i])
  )
  const size = personaIndex.size * dayIndex.size
  const values = new Float64Array(size)
  const counts = new Uint32Array(size)
  for (const visit of visits) {
    const value = visit[channel]
    if (value === null) continue
    const cell = (personaIndex.get(visit.persona) ?? 0) * dayIndex.size +
      (dayIndex.get(visit.day) ?? 0)
    values[cell] = (values[cell] ?? 0) + value
    counts[cell] = (counts[cell] ?? 0) + 1
  }
  return {
    values: values.map((value, cell) => value / (counts[cell] ?? 0)),
    personas: personaIndex.size,
    days: dayIndex.size,
    daysBefore: daysBefore.length
  }
}
