import { meanOf, visitsOf, type Visit, type Visits } from './visits.ts'

/**
 * Step 2 of the method: how one module moved for the personas that visited it on both sides of a
 * release. Pure.
 */

export interface PairedDifference {
  /** Personas with visits on both sides; nobody else counts. */
  personas: number
  /** Sum of the personas' weights n0·n1 / (n0 + n1). */
  weight: number
  /** Weighted mean of after minus before; NaN without personas. */
  delta: number
  /** Weighted means of both sides. */
  before: number
  after: number
  /** Variance of the personas' differences per unit of weight; NaN below 2 personas. */
  variance: number
  /** The visits of these personas. */
  visitsBefore: number
  visitsAfter: number
  /** Days with at least one of these visits. */
  daysBefore: number
  daysAfter: number
  /** What each day adds to `delta` per unit of its effect. */
  dayWeights: Float64Array
  /** Residuals by persona and side, added up by day: sum of squares, and its degrees of freedom. */
  daySquares: number
  dayDf: number
  /** The same of single visits. */
  visitSquares: number
  visitDf: number
  /** Mean number of visits of a day. */
  visitsPerDay: number
}

/** @param daysAfter how many days after the release are looked at */
export function pairedDifference (visits: Visits, daysAfter: number): PairedDifference {
  const end = visits.daysBefore + daysAfter
  const pairs = pairsOf(visits, end)
  const weight = sum(pairs, pair => pair.weight)
  const weighted = (value: (pair: Pair) => number) =>
    sum(pairs, pair => pair.weight * value(pair)) / weight
  const delta = weighted(pair => pair.difference)
  const squares = sum(pairs, pair => pair.weight * (pair.difference - delta) ** 2)
  return {
    personas: pairs.length,
    weight,
    delta,
    before: weighted(pair => pair.before.mean),
    after: weighted(pair => pair.after.mean),
    variance: pairs.length > 1 ? squares / (pairs.length - 1) : NaN,
    visitsBefore: sum(pairs, pair => pair.before.visits.length),
    visitsAfter: sum(pairs, pair => pair.after.visits.length),
    ...addUpDays(pairs, weight, visits.daysBefore, end)
  }
}

interface Side {
  visits: Visit[]
  mean: number
}
interface Pair {
  before: Side
  after: Side
  weight: number
  difference: number
}

function pairsOf (visits: Visits, end: number): Pair[] {
  const pairs: Pair[] = []
  for (let persona = 0; persona < visits.personas; persona++) {
    const before = sideOf(visitsOf(visits, persona, 0, visits.daysBefore))
    const after = sideOf(visitsOf(visits, persona, visits.daysBefore, end))
    const n0 = before.visits.length
    const n1 = after.visits.length
    if (n0 === 0 || n1 === 0) continue
    pairs.push({ before, after, weight: n0 * n1 / (n0 + n1), difference: after.mean - before.mean })
  }
  return pairs
}

const sideOf = (visits: Visit[]): Side => ({ visits, mean: meanOf(visits) })

type DaySums = Pick<
  PairedDifference,
  | 'dayWeights'
  | 'daySquares'
  | 'dayDf'
  | 'visitSquares'
  | 'visitDf'
  | 'visitsPerDay'
  | 'daysBefore'
  | 'daysAfter'
>

function addUpDays (
  pairs: readonly Pair[],
  totalWeight: number,
  daysBefore: number,
  end: number
): DaySums {
  const dayWeights = new Float64Array(end)
  const residuals = new Float64Array(end)
  const counts = new Float64Array(end)
  const leverage = new Float64Array(end)
  let visitSquares = 0
  const add = (array: Float64Array, day: number, value: number) => {
    array[day] = (array[day] ?? 0) + value
  }
  const addSide = ({ visits, mean }: Side, weight: number) => {
    for (const { day, value } of visits) {
      const residual = value - mean
      visitSquares += residual ** 2
      add(residuals, day, residual)
      add(counts, day, 1)
      add(leverage, day, 1 - 1 / visits.length)
      add(dayWeights, day, weight / visits.length / totalWeight)
    }
  }
  for (const { before, after, weight } of pairs) {
    addSide(before, -weight)
    addSide(after, weight)
  }
  const visited = [...counts.keys()].filter(day => (counts[day] ?? 0) > 0)
  const at = (array: Float64Array, day: number) => array[day] ?? 0
  return {
    dayWeights,
    daySquares: sum(visited, day => at(residuals, day) ** 2 / at(counts, day)),
    dayDf: sum(visited, day => at(leverage, day) / at(counts, day)),
    visitSquares,
    visitDf: sum(pairs, pair => pair.before.visits.length + pair.after.visits.length - 2),
    visitsPerDay: visited.length === 0 ? 0 : sum(visited, day => at(counts, day)) / visited.length,
    daysBefore: visited.filter(day => day < daysBefore).length,
    daysAfter: visited.filter(day => day >= daysBefore).length
  }
}

export function sum<T> (items: Iterable<T>, value: (item: T) => number): number {
  let total = 0
  for (const item of items) total += value(item)
  return total
}
