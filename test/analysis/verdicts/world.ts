import { normalCdf, normalQuantile } from '../../../src/analysis/statistics/normal.ts'
import type { CastRows, CastVisit } from '../../../src/analysis/verdicts/cast-rows.ts'

/**
 * A simulated cast: ratings are whole numbers and mostly 4, personas differ, each day moves
 * everybody a little and each module a little more, personas react differently to a release, and
 * visit a module on half of their days.
 */

export interface World {
  personas: number
  daysBefore: number
  daysAfter: number
  modules?: number
  /** Share of the variance that lies between personas. */
  icc?: number
  /** Standard deviation of what a day does to everybody, and to one module. */
  commonDaySd?: number
  moduleDaySd?: number
  /** Correlation from one day to the next. */
  rho?: number
  /** Standard deviation of how differently personas react to a release. */
  reactionSd?: number
  /** How the mean of module `m0` moves with the release, in points. */
  shift?: number
  /** Of all modules. */
  shiftOfAll?: number
  /** Share of failed calls, before, and after in `m0`. */
  errors?: { before: number, after: number }
  /** The part of the cast that is replaced at the release. */
  replaced?: number
}

export const BASE = { icc: 0.4, commonDaySd: 0.15, moduleDaySd: 0.15, rho: 0.3 }
export const STRESS = { icc: 0.4, commonDaySd: 0.25, moduleDaySd: 0.5, rho: 0.4 }

/** 3, 7, 15, 55 and 20 % of ratings are 1 to 5. */
const CUTS = [0.03, 0.10, 0.25, 0.80].map(normalQuantile)
const meanAt = (latent: number) => CUTS.reduce((mean, cut) => mean + 1 - normalCdf(cut - latent), 1)

/** How far the latent opinion moves where the mean rating moves by `points`. */
function latentShift (points: number): number {
  const target = meanAt(0) + points
  let low = -6
  let high = 6
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (meanAt(middle) < target) low = middle
    else high = middle
  }
  return low
}

export interface Random {
  uniform: () => number
  normal: () => number
}

/** mulberry32, and normals by Box and Muller. */
export function randomOf (seed: number): Random {
  let state = seed >>> 0
  const uniform = () => {
    state = state + 0x6D2B79F5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return (((mixed ^ mixed >>> 14) >>> 0) + 0.5) / 2 ** 32
  }
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  }
}

/** `sd` times a series whose neighbours correlate by `rho`. */
function series (random: Random, days: number, sd: number, rho: number): number[] {
  let value = random.normal()
  return Array.from({ length: days }, () => {
    const now = sd * value
    value = rho * value + Math.sqrt(1 - rho * rho) * random.normal()
    return now
  })
}

export const MODULES = 8

/** Release `2.0` comes at the end of the days before; module `m0` is the one that moves. */
export function simulate (world: World, random: Random): CastRows {
  const { personas, daysBefore, daysAfter, modules = MODULES } = world
  const {
    icc = BASE.icc,
    commonDaySd = BASE.commonDaySd,
    moduleDaySd = BASE.moduleDaySd,
    rho = BASE.rho
  } = world
  const days = daysBefore + daysAfter
  const residualSd = Math.sqrt(Math.max(0.05, 1 - icc - commonDaySd ** 2 - moduleDaySd ** 2))
  const common = series(random, days, commonDaySd, rho)
  const people = Array.from({ length: personas }, () => Math.sqrt(icc * 0.6) * random.normal())
  const visits: CastVisit[] = []
  for (let m = 0; m < modules; m++) {
    const level = 0.25 * random.normal()
    const moduleDays = series(random, days, moduleDaySd, rho)
    const errorDays = series(random, days, 0.3, rho)
    const shift = latentShift(world.shiftOfAll ?? (m === 0 ? world.shift ?? 0 : 0))
    people.forEach((person, p) => {
      const taste = level + person + Math.sqrt(icc * 0.4) * random.normal()
      const residual = series(random, days, residualSd, rho)
      const reaction = (world.reactionSd ?? 0.2) * random.normal()
      const visitShare = logistic(0.8 * random.normal())
      const clumsy = 0.4 * random.normal()
      for (let day = 0; day < days; day++) {
        if (random.uniform() > visitShare) continue
        const after = day >= daysBefore
        const latent = taste + (common[day] ?? 0) + (moduleDays[day] ?? 0) + (residual[day] ?? 0) +
          (after ? shift + reaction : 0)
        const replaced = after && p < personas * (world.replaced ?? 0)
        visits.push({
          persona: replaced ? `new-p${p}` : `p${p}`,
          module: `m${m}`,
          day,
          rating: 1 + CUTS.filter(cut => latent > cut).length,
          ...calls(world, random, {
            broken: after && m === 0,
            logit: (errorDays[day] ?? 0) + clumsy
          }),
          release: after ? 0 : -1,
          context: '',
          archetype: null,
          locale: null
        })
      }
    })
  }
  return { visits, releases: [{ name: '2.0', day: daysBefore, touches: [] }] }
}

const logistic = (x: number) => 1 / (1 + Math.exp(-x))
const logit = (share: number) => Math.log(share / (1 - share))

/** Five calls a visit on average; half of the failed ones are repeated, and some calls are slow. */
function calls (
  { errors }: World,
  random: Random,
  at: { broken: boolean, logit: number }
): Pick<CastVisit, 'errors' | 'calls' | 'friction'> {
  if (errors === undefined) return { errors: null, calls: null, friction: null }
  const share = logistic(logit(at.broken ? errors.after : errors.before) + at.logit)
  let n = 1
  for (let left = random.uniform(); left > Math.exp(-4); left *= random.uniform()) n++
  const count = (of: number, chance: number) =>
    Array.from({ length: of }).filter(() => random.uniform() < chance).length
  const failed = count(n, share)
  const friction = Math.min(100, (100 * failed + 50 * count(failed, 0.5) + 25 * count(n, 0.05)) / n)
  return { errors: failed, calls: n, friction }
}
