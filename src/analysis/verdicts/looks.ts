import { normalQuantile } from '../statistics/normal.ts'
import { METHOD } from './method.ts'

/**
 * Step 6 of the method: what looking several times costs. Each look is tested at the same nominal
 * level, chosen so that all looks together spend α (Armitage, McPherson and Rowe 1969). Pure.
 */

const GRID = 160

/**
 * P(|Z| ≥ c at one of the looks) without any change.
 * @param information of each look, rising, in any unit
 */
function crossingProbability (c: number, information: readonly number[]): number {
  let previous = 0
  let density: { x: Float64Array, f: Float64Array } | null = null
  let alive = 1
  for (const now of information) {
    const gain = now - previous
    if (gain <= 1e-9 * now) continue
    const from = density
    const limit = c * Math.sqrt(now)
    const x = Float64Array.from({ length: GRID + 1 }, (_, i) => limit * (2 * i / GRID - 1))
    const sd = Math.sqrt(gain)
    const f = x.map(to => from === null ? bell(to / sd) / sd : carriedOver(from, to, sd))
    alive = trapezoid(f) * 2 * limit / GRID
    density = { x, f }
    previous = now
  }
  return 1 - alive
}

const bell = (z: number) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI)
/** Beyond this many standard deviations nothing arrives. */
const REACH = 8

/** The density at `to` of those that had not crossed before. */
function carriedOver (
  { x, f }: { x: Float64Array, f: Float64Array },
  to: number,
  sd: number
): number {
  const width = (x[1] ?? 0) - (x[0] ?? 0)
  const arriving = f.map((density, j) => {
    const z = (to - (x[j] ?? 0)) / sd
    return Math.abs(z) < REACH ? density * bell(z) : 0
  })
  return trapezoid(arriving) * width / sd
}

/** For steps of width 1. */
function trapezoid (values: Float64Array): number {
  const ends = ((values[0] ?? 0) + (values.at(-1) ?? 0)) / 2
  return values.reduce((sum, value) => sum + value, 0) - ends
}

/** The two-sided p at which each look is tested, so that all of them together spend `alpha`. */
export function nominalLevel (alpha: number, information: readonly number[]): number {
  let low = alpha / (2 * information.length)
  let high = alpha
  for (let i = 0; i < 40; i++) {
    const middle = Math.sqrt(low * high)
    if (crossingProbability(normalQuantile(1 - middle / 2), information) > alpha) high = middle
    else low = middle
  }
  return low
}

/** Information of a difference of means after `daysAfter` days, where all days weigh alike. */
const informationOf = (daysBefore: number, daysAfter: number) =>
  1 / (1 / daysBefore + 1 / daysAfter)

/** How often the same rows are looked at: on the planned days, or once. */
export type Looks = 'planned' | 'once'

const charges = new Map<string, number>()

/**
 * α divided by the level of one look. Kept, because it takes some 10 ms and a process asks for few
 * of them.
 */
export function chargeForLooks (
  alpha: number,
  daysBefore: number,
  looks: Looks = 'planned'
): number {
  if (looks === 'once') return 1
  const key = `${alpha.toPrecision(6)} ${daysBefore}`
  const known = charges.get(key)
  if (known !== undefined) return known
  const charge = alpha /
    nominalLevel(alpha, METHOD.looks.map(days => informationOf(daysBefore, days)))
  charges.set(key, charge)
  return charge
}

/**
 * The part of α of each module: alike, or most of it for those that the release declares to touch.
 * Adds up to 1.
 */
export function alphaShares (modules: readonly string[], touches: readonly string[]): number[] {
  const declared = new Set(modules.filter(name => touches.includes(name)))
  if (declared.size === 0 || declared.size === modules.length) {
    return modules.map(() => 1 / modules.length)
  }
  const { declaredShare } = METHOD
  return modules.map(name =>
    declared.has(name)
      ? declaredShare / declared.size
      : (1 - declaredShare) / (modules.length - declared.size)
  )
}
