import { tUpperQuantile } from '../statistics/student-t.ts'
import { varianceOfMean } from './day-effect.ts'
import { chargeForLooks } from './looks.ts'
import type { Estimate } from './estimate.ts'
import { CHANNELS, METHOD } from './method.ts'
import { visitsOf, type Visits } from './visits.ts'

/** How long to wait until a change of a given size would be seen with 80 %. Pure. */

interface DaysNeededInput {
  /** Visits before the release, of each persona. */
  visitsBefore: readonly number[]
  /** Visits of one persona a day. */
  visitsPerDay: number
  personaVariance: number
  dayVariance: number
  daysBefore: number
  alpha: number
  df: number
  /** The size of change that should be seen. */
  wanted: number
  maxDays?: number
}

/**
 * @returns days after the release; null where waiting alone will not do: more personas or days
 *   before are needed
 */
export function daysNeeded (input: DaysNeededInput): number | null {
  const { alpha, daysBefore, df, wanted, maxDays = 60 } = input
  const factor = tUpperQuantile(alpha / chargeForLooks(alpha, daysBefore) / 2, df) +
    tUpperQuantile(0.2, df)
  for (let days = 1; days <= maxDays; days++) {
    if (factor * Math.sqrt(varianceAfter(input, days)) <= wanted) return days
  }
  return null
}

/** For the ratings of one module, as they stand after `days` days. */
export function daysToWait (
  visits: Visits,
  estimate: Estimate,
  { alpha, days }: { alpha: number, days: number }
): number | null {
  const { daysBefore } = visits
  if (!(estimate.standardError > 0)) return null
  const personas = Array.from({ length: visits.personas }, (_, persona) => ({
    before: visitsOf(visits, persona, 0, daysBefore).length,
    after: visitsOf(visits, persona, daysBefore, daysBefore + days).length
  })).filter(({ before }) => before > 0)
  const visitsAfter = personas.reduce((sum, { after }) => sum + after, 0)
  if (visitsAfter === 0) return null
  return daysNeeded({
    visitsBefore: personas.map(({ before }) => before),
    visitsPerDay: visitsAfter / personas.length / days,
    personaVariance: estimate.personaVariance,
    dayVariance: estimate.dayVariance,
    daysBefore,
    alpha,
    df: estimate.df,
    wanted: CHANNELS.rating.enough
  })
}

function varianceAfter (input: DaysNeededInput, days: number): number {
  const { visitsBefore, visitsPerDay, personaVariance, dayVariance, daysBefore } = input
  const after = visitsPerDay * days
  const weight = visitsBefore.reduce((sum, before) => sum + before * after / (before + after), 0)
  const ofDays = varianceOfMean(daysBefore) + varianceOfMean(days) -
    2 * covarianceOfMeans(daysBefore, days)
  return personaVariance / weight + dayVariance * ofDays
}

function covarianceOfMeans (daysBefore: number, daysAfter: number): number {
  let total = 0
  for (let i = 0; i < daysBefore; i++) {
    for (let j = 0; j < daysAfter; j++) total += METHOD.rho ** (daysBefore - i + j)
  }
  return total / (daysBefore * daysAfter)
}
