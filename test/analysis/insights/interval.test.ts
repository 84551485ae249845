import fc from 'fast-check'
import t from 'tap'
import { interval95, meanOf, tQuantile95 } from '../../../src/analysis/insights/interval.ts'

/** Mean and spread as the database computes them. */
function sampleOf (ratings: number[]) {
  const n = ratings.length
  const mean = n === 0 ? null : ratings.reduce((sum, rating) => sum + rating, 0) / n
  const sd = mean === null || n < 2
    ? null
    : Math.sqrt(ratings.reduce((sum, rating) => sum + (rating - mean) ** 2, 0) / (n - 1))
  return { n, mean, sd }
}

t.test('below three ratings there is neither mean nor interval', async t => {
  for (const ratings of [[], [1], [1, 5]]) {
    t.equal(meanOf(sampleOf(ratings)), null)
    t.equal(interval95(sampleOf(ratings)), null)
  }
})

t.test('intervals are those of the textbook, within the scale', async t => {
  const table: [ratings: number[], mean: number, low: number, high: number][] = [
    [[2, 3, 4], 3, 1, 5],
    [[3, 3, 4, 4], 3.5, 2.58, 4.42],
    [[1, 2, 2, 3, 3, 3, 4, 4, 5], 3, 2.06, 3.94],
    [[4, 4, 5], 4.33, 2.9, 5],
    // No spread is no certainty: half a point of rounding stands behind every rating.
    [[4, 4, 4], 4, 3.28, 4.72],
    [[1, 1, 1, 1], 1, 1, 1.46]
  ]
  for (const [ratings, mean, low, high] of table) {
    t.equal(meanOf(sampleOf(ratings)), mean)
    t.same(interval95(sampleOf(ratings)), { low, high }, ratings.join(' '))
  }
})

/**
 * Student's distribution function by Simpson's rule, so that the table is not checked against
 * itself.
 */
function tProbability (x: number, df: number): number {
  const density = (u: number) => (1 + u * u / df) ** (-(df + 1) / 2)
  const area = (to: number, steps: number) => {
    const h = to / steps
    let sum = density(0) + density(to)
    for (let i = 1; i < steps; i++) sum += density(i * h) * (i % 2 === 0 ? 2 : 4)
    return sum * h / 3
  }
  // The whole half line, by substitution u = v / (1 - v).
  let half = 0
  const steps = 20_000
  for (let i = 0; i < steps; i++) {
    const v = (i + 0.5) / steps
    half += density(v / (1 - v)) / (1 - v) ** 2 / steps
  }
  return area(x, 20_000) / half
}

t.test("95 % of Student's distribution lie within the quantile, by table and by formula", async t => {
  for (const df of [1, 2, 3, 5, 10, 20, 29, 30, 31, 40, 60, 120, 1000]) {
    const within = tProbability(tQuantile95(df), df)
    t.ok(Math.abs(within - 0.95) < 0.0002, `${df} degrees of freedom: ${within}`)
  }
  for (let df = 2; df < 200; df++) {
    t.ok(tQuantile95(df) < tQuantile95(df - 1), `narrower with more ratings: ${df}`)
  }
})

t.test('an interval holds its mean, stays on the scale and is never a point', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 3, maxLength: 200 }),
      async ratings => {
        const mean = meanOf(sampleOf(ratings))
        const interval = interval95(sampleOf(ratings))
        if (mean === null || interval === null) return false
        return interval.low >= 1 && interval.high <= 5 && interval.low <= mean &&
          mean <= interval.high && interval.low < interval.high
      }
    )
  )
})
