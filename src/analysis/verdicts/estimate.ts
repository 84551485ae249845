import { tTwoSided } from '../statistics/student-t.ts'
import { dayEffect, varianceOfSum, type DayEffect } from './day-effect.ts'
import { METHOD, type Channel } from './method.ts'
import { sum, type PairedDifference } from './paired-difference.ts'

/**
 * Steps 3 to 5 of the method: the standard error of each module's change, from all modules
 * together. Pure.
 */

export interface Estimate extends PairedDifference {
  /** Variance of one visit's difference, shared with the other modules. */
  personaVariance: number
  dayVariance: number
  /** NaN below 2 personas, as `t`. */
  standardError: number
  /** Degrees of freedom by Satterthwaite; 0 below 2 personas. */
  df: number
  t: number
  /** Two-sided; 1 below 2 personas. */
  p: number
}

/** One channel of all modules of an app; the result has the order of the input. */
export function estimateChannel (
  modules: readonly PairedDifference[],
  channel: Channel
): Estimate[] {
  const day = dayEffect(modules, channel)
  const pooled = pooledVariance(modules, channel)
  // A single module has no other to share with.
  const sharedDf = modules.length > 1 ? METHOD.sharedVarianceDf : 0
  return modules.map(module => estimate(module, { channel, day, pooled, sharedDf }))
}

function pooledVariance (modules: readonly PairedDifference[], { floor }: Channel): number {
  const several = modules.filter(module => module.personas > 1)
  const df = sum(several, module => module.personas - 1)
  return df > 0
    ? Math.max(floor, sum(several, module => module.variance * (module.personas - 1)) / df)
    : floor
}

interface Shared {
  channel: Channel
  day: DayEffect
  pooled: number
  sharedDf: number
}

function estimate (module: PairedDifference, { channel, day, pooled, sharedDf }: Shared): Estimate {
  const variances = { personaVariance: pooled, dayVariance: day.variance }
  const unknown = { ...module, ...variances, standardError: NaN, df: 0, t: NaN, p: 1 }
  if (module.personas < 2) return unknown
  const personaDf = sharedDf + module.personas - 1
  const personaVariance = (sharedDf * pooled + (module.personas - 1) * module.variance) / personaDf
  const fromPersonas = Math.max(personaVariance, channel.floor) / module.weight
  const fromDays = day.variance * varianceOfSum(module.dayWeights)
  const dayDf = METHOD.dayPriorDf + Math.min(day.df, METHOD.dfPerDay * Math.max(0, day.days - 2))
  const standardError = Math.sqrt(fromPersonas + fromDays)
  const df = (fromPersonas + fromDays) ** 2 /
    (fromPersonas ** 2 / personaDf + fromDays ** 2 / dayDf)
  const t = module.delta / standardError
  return { ...unknown, personaVariance, standardError, df, t, p: tTwoSided(t, df) }
}
