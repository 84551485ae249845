import { squaredLength, type Point } from './points.ts'

/**
 * Pairs of personas that can hardly be told apart. Pure. Of n personas there are n²/2 pairs, half a
 * million for a thousand: a pair costs a few dozen multiplications and no object, unless it is
 * among those that are shown.
 */

export interface Profile {
  /** Runs. */
  n: number
  /** Mean of its runs' tool use. */
  centre: Point
  /** Mean rating of each module that it rated. */
  ratings: Point
}

export interface Pair {
  /** Places in the list of profiles. */
  i: number
  j: number
  /** Of their tool use, 0 to 1: the cosine, corrected for what few runs blur. */
  similarity: number
}

const NEAR_DUPLICATE_FROM = 0.9
/**
 * Points on the scale of ratings, on average over the modules that both rated: more than this and
 * they are two.
 */
const ALIKE_RATINGS = 1

/**
 * @param within variance among runs of one persona, which also stands in the products of means of
 *   few runs
 * @param size how many tools and modules there are
 * @param shown how many pairs are wanted
 * @returns the most alike first, and how many there are in all
 */
export function* findNearDuplicates (
  profiles: Profile[],
  within: number,
  size: { tools: number, modules: number },
  shown: number
): Generator<undefined, { pairs: Pair[], total: number }> {
  const lengths = profiles.map(({ centre, n }) => squaredLength(centre) - within / n)
  const use = rowsOf(profiles.map(({ centre }) => centre), size.tools)
  const ratings = rowsOf(profiles.map(profile => profile.ratings), size.modules)
  const pairs: Pair[] = []
  let total = 0
  for (const [i, a] of profiles.entries()) {
    const length = lengths[i] ?? 0
    for (let j = i + 1; j < profiles.length; j++) {
      const other = lengths[j] ?? 0
      // Habits cannot be told from chance.
      if (length <= 0 || other <= 0) continue
      const similarity = Math.min(
        1,
        productOf(a.centre, use, j * size.tools) / Math.sqrt(length * other)
      )
      if (similarity < NEAR_DUPLICATE_FROM || !rateAlike(a.ratings, ratings, j * size.modules)) {
        continue
      }
      total++
      keepMostAlike(pairs, { i, j, similarity }, shown)
    }
    yield
  }
  return { pairs, total }
}

/** One row of coordinates for each point, one behind the other. */
function rowsOf (points: Point[], size: number): Float64Array {
  const rows = new Float64Array(points.length * size)
  for (const [i, { dimensions, values }] of points.entries()) {
    dimensions.forEach((dimension, k) => {
      rows[i * size + dimension] = values[k] ?? 0
    })
  }
  return rows
}

function productOf ({ dimensions, values }: Point, rows: Float64Array, row: number): number {
  let product = 0
  for (let k = 0; k < dimensions.length; k++) {
    product += (values[k] ?? 0) * (rows[row + (dimensions[k] ?? 0)] ?? 0)
  }
  return product
}

/** Also true where the two share no rated module. */
function rateAlike ({ dimensions, values }: Point, rows: Float64Array, row: number): boolean {
  let apart = 0
  let both = 0
  for (let k = 0; k < dimensions.length; k++) {
    const other = rows[row + (dimensions[k] ?? 0)] ?? 0
    if (other === 0) continue
    apart += Math.abs((values[k] ?? 0) - other)
    both++
  }
  return both === 0 || apart / both < ALIKE_RATINGS
}

/** Of pairs as alike as each other, the earlier one comes first. */
function keepMostAlike (pairs: Pair[], pair: Pair, shown: number): void {
  const last = pairs[shown - 1]
  if (last !== undefined && last.similarity >= pair.similarity) return
  const place = pairs.findLastIndex(known => known.similarity >= pair.similarity) + 1
  pairs.splice(place, 0, pair)
  if (pairs.length > shown) pairs.pop()
}
