/**
 * Where the numbers of one persona and module stand in a small plot: time to the right, 1 to 5
 * upwards. Pure.
 */

export interface RatingPlot {
  width: number
  height: number
  dots: { x: number, y: number, rating: number, at: string, run: string }[]
  /** The dots joined, as `points` of a polyline. */
  line: string
  rules: { y: number, rating: number }[]
}

const WIDTH = 260
const HEIGHT = 72
const EDGE = { left: 16, right: 8, top: 8, bottom: 8 }

const yOf = (rating: number) =>
  round(HEIGHT - EDGE.bottom - (rating - 1) / 4 * (HEIGHT - EDGE.top - EDGE.bottom))
const round = (value: number) => Math.round(value * 10) / 10

/**
 * @param range the same for all plots of a page, so that they can be read together; in milliseconds
 */
export function plotRatings (
  ratings: { at: number, rating: number, run: string }[],
  range: { from: number, to: number }
): RatingPlot {
  const inner = WIDTH - EDGE.left - EDGE.right
  const xOf = (at: number) =>
    round(
      EDGE.left +
        (range.to > range.from ? (at - range.from) / (range.to - range.from) : 0.5) * inner
    )
  const dots = ratings.map(({ at, rating, run }) => ({
    x: xOf(at),
    y: yOf(rating),
    rating,
    at: new Date(at).toISOString(),
    run
  }))
  return {
    width: WIDTH,
    height: HEIGHT,
    dots,
    line: dots.map(dot => `${dot.x},${dot.y}`).join(' '),
    rules: [1, 3, 5].map(rating => ({ y: yOf(rating), rating }))
  }
}
