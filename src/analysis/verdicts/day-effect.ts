import { METHOD, type Channel } from './method.ts'
import { sum, type PairedDifference } from './paired-difference.ts'

/**
 * Step 4 of the method: how much a whole day moves all visits of a module at once. Without it every
 * method accuses harmless releases, and more personas make that worse. Pure.
 */

export interface DayEffect {
  variance: number
  /** Degrees of freedom of the estimate, above those of the prior. */
  df: number
  /** Days with visits, before and after together. */
  days: number
}

/** Below this, a day's visits are too few to tell the day from its visits. */
const LEAST_VISITS_PER_DAY = 1.05
const LEAST_DAY_DF = 0.5

/**
 * From all modules together, pulled towards the channel's usual effect while few days were seen.
 */
export function dayEffect (modules: readonly PairedDifference[], channel: Channel): DayEffect {
  const daysBefore = Math.max(0, ...modules.map(module => module.daysBefore))
  const daysAfter = Math.max(0, ...modules.map(module => module.daysAfter))
  const dayDf = sum(modules, module => module.dayDf)
  const visitDf = sum(modules, module => module.visitDf)
  const visitsPerDay = dayDf > 0
    ? sum(modules, module => module.visitsPerDay * module.dayDf) / dayDf
    : 1
  const canTell = visitsPerDay > LEAST_VISITS_PER_DAY && dayDf > LEAST_DAY_DF
  const days = daysBefore + daysAfter
  const prior = METHOD.dayPriorDf
  if (!canTell) return { variance: channel.daySd ** 2, df: 0, days }
  const ofDays = sum(modules, module => module.daySquares) / dayDf
  const ofVisits = visitDf > 0 ? sum(modules, module => module.visitSquares) / visitDf : Infinity
  const found = Math.max(0, (ofDays - ofVisits) / (visitsPerDay - 1)) /
    shareFound(daysBefore, daysAfter)
  return {
    variance: (prior * channel.daySd ** 2 + dayDf * found) / (prior + dayDf),
    df: dayDf,
    days
  }
}

/** The part of the days' variance that is left once each side's mean was taken off. */
function shareFound (daysBefore: number, daysAfter: number): number {
  const side = (days: number) => leftOver(days) * Math.max(0, days - 1)
  return (side(daysBefore) + side(daysAfter)) / Math.max(1, daysBefore + daysAfter - 2)
}

/** What the sample variance of `days` autocorrelated days finds of their variance, as a share. */
function leftOver (days: number): number {
  if (days < 2) return 1
  const LEAST = 0.2
  return Math.max(LEAST, 1 - (days * varianceOfMean(days) - 1) / (days - 1))
}

/** The variance of the mean of `days` consecutive days of variance 1. */
export function varianceOfMean (days: number): number {
  let total = 1
  for (let lag = 1; lag < days; lag++) total += 2 * (1 - lag / days) * METHOD.rho ** lag
  return total / days
}

/** The variance that day effects of variance 1 give to a weighted sum over days. */
export function varianceOfSum (weights: Float64Array): number {
  let total = 0
  weights.forEach((a, i) => {
    if (a === 0) return
    weights.forEach((b, j) => {
      if (b !== 0) total += a * b * METHOD.rho ** Math.abs(i - j)
    })
  })
  return total
}
