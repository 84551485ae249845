/**
 * Points of many dimensions of which most are 0, such as shares of tools, and their variance. Pure.
 * A cast of a thousand has tens of thousands of them: they are arrays of numbers, because the same
 * with maps and sets took ten times as long.
 */

export interface Point {
  /** Numbers of the dimensions that are not 0, in any order. */
  dimensions: number[]
  /** Above 0, as many as there are dimensions. */
  values: number[]
}

/** All null where there is too little to compare. */
export interface Variance {
  /**
   * Variance among the personas' own means, free of what chance within their runs adds to it; at
   * least 0.
   */
  between: number | null
  /** Variance among runs of one persona. */
  within: number | null
  /**
   * between / (between + within), 0 to 1: how much of what differs is due to who the persona is; 0
   * where nothing differs.
   */
  ratio: number | null
  /** Runs behind it, or ratings. */
  n: number
}

export const notKnown = (n: number): Variance => ({ between: null, within: null, ratio: null, n })

/** What is left of zero after adding up fractions. */
const EPSILON = 1e-12

/** Of what differs, how much is due to the group. */
export const ratioOf = (between: number, within: number) =>
  between + within > EPSILON ? between / (between + within) : 0

/**
 * Variance components of runs that are grouped by persona: between = (MSB − MSW) / n0, within =
 * MSW, where n0 is the group size that stands for unequal ones. A single run cannot tell chance
 * from habit, so groups of one are not given.
 * @param centres the mean of each group
 * @param size how many dimensions there are
 */
export function* varianceOf (
  groups: Point[][],
  centres: Point[],
  size: number
): Generator<undefined, Variance> {
  const grandMean = beginMean()
  const spread: number[] = []
  for (const [i, points] of groups.entries()) {
    const distance = distanceTo(centres[i] ?? NOWHERE, size)
    let spreadOfGroup = 0
    for (const point of points) {
      spreadOfGroup += distance(point)
      grandMean.add(point)
    }
    spread.push(spreadOfGroup)
    yield
  }
  const n = sum(groups.map(points => points.length))
  const toGrandMean = distanceTo(grandMean.end(n), size)
  const within = sum(spread) / (n - groups.length)
  const amongMeans =
    sum(groups.map((points, i) => points.length * toGrandMean(centres[i] ?? NOWHERE))) /
    (groups.length - 1)
  const sizeOfGroup = (n - sum(groups.map(points => points.length ** 2)) / n) / (groups.length - 1)
  const between = Math.max(0, (amongMeans - within) / sizeOfGroup)
  return { between, within, ratio: ratioOf(between, within), n }
}

const NOWHERE: Point = { dimensions: [], values: [] }

export function meanOf (points: Point[]): Point {
  const mean = beginMean()
  for (const point of points) mean.add(point)
  return mean.end(points.length)
}

function beginMean () {
  const sums = new Map<number, number>()
  return {
    add ({ dimensions, values }: Point): void {
      for (let i = 0; i < dimensions.length; i++) {
        const dimension = dimensions[i] ?? 0
        sums.set(dimension, (sums.get(dimension) ?? 0) + (values[i] ?? 0))
      }
    },
    end: (n: number): Point => ({
      dimensions: [...sums.keys()],
      values: [...sums.values()].map(total => total / n)
    })
  }
}

/** Squared Euclidean. */
function distanceTo (centre: Point, size: number): (point: Point) => number {
  const coordinates = new Float64Array(size)
  centre.dimensions.forEach((dimension, i) => {
    coordinates[dimension] = centre.values[i] ?? 0
  })
  const isIn = new Uint8Array(size)
  return point => {
    let total = 0
    for (let i = 0; i < point.dimensions.length; i++) {
      const dimension = point.dimensions[i] ?? 0
      total += ((point.values[i] ?? 0) - (coordinates[dimension] ?? 0)) ** 2
      isIn[dimension] = 1
    }
    for (let i = 0; i < centre.dimensions.length; i++) {
      if (isIn[centre.dimensions[i] ?? 0] === 0) total += (centre.values[i] ?? 0) ** 2
    }
    for (const dimension of point.dimensions) isIn[dimension] = 0
    return total
  }
}

export const squaredLength = ({ values }: Point) => sum(values.map(value => value ** 2))
export const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
