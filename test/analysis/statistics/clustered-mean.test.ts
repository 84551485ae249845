import fc from 'fast-check'
import t from 'tap'
import { clusteredMean, type Clusters } from '../../../src/analysis/statistics/clustered-mean.ts'

/** Ratings by persona, added up as the database does. */
function clustersOf (ratings: number[][]): Clusters {
  const personas = ratings.map(own => ({
    n: own.length,
    s: own.reduce((sum, rating) => sum + rating, 0)
  }))
  const sum = (of: (persona: { n: number, s: number }) => number) =>
    personas.reduce((total, persona) => total + of(persona), 0)
  return {
    personas: personas.length,
    count: sum(({ n }) => n),
    total: sum(({ s }) => s),
    totalSquares: sum(({ s }) => s * s),
    countSquares: sum(({ n }) => n * n),
    countTimesTotal: sum(({ n, s }) => n * s)
  }
}

t.test('the interval is that of a second implementation, to 4 decimals', async t => {
  const ratings = [[4, 4, 5, 4], [3, 2, 3], [5, 5], [4, 4, 4, 4, 4], [2, 3], [4]]
  const { mean, se, df, low, high } = clusteredMean(clustersOf(ratings)) ?? {}
  const rounded = [mean, se, low, high].map(value => value?.toFixed(4))
  t.same(rounded, ['3.7647', '0.3444', '2.8795', '4.6499'])
  t.equal(df, 5)
})

t.test('four personas have no interval, however often they rate', async t => {
  t.equal(clusteredMean(clustersOf([[4, 4, 4, 4], [3, 3, 3], [5, 5, 5], [2, 2, 2]])), null)
})

t.test('personas who always agree are known to rounding only', async t => {
  const { se } = clusteredMean(clustersOf([[4, 4], [4, 4], [4], [4], [4, 4, 4]])) ?? {}
  t.equal(se?.toFixed(6), Math.sqrt(1 / 12 / 5).toFixed(6))
})

t.test('an interval holds its mean and is never a point', async () => {
  const persona = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(fc.array(persona, { minLength: 5, maxLength: 40 }), async ratings => {
      const found = clusteredMean(clustersOf(ratings))
      return found !== null && found.low < found.mean && found.mean < found.high
    })
  )
})

/** Numbers from 0 to 1 that are always the same (mulberry32). */
function seeded (seed: number): () => number {
  return () => {
    seed = seed + 0x6D2B79F5 | 0
    let x = Math.imul(seed ^ seed >>> 15, 1 | seed)
    x = x + Math.imul(x ^ x >>> 7, 61 | x) ^ x
    return ((x ^ x >>> 14) >>> 0) / 2 ** 32
  }
}

t.test('of 1,000 casts whose personas differ, 91 to 97 % of the intervals hold the truth', async t => {
  const random = seeded(7)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  // A persona's own level has the standard deviation 0.5, each of its 30 ratings another 0.6.
  const truth = 3.5
  const rate = (level: number) => Math.min(5, Math.max(1, Math.round(level + 0.6 * normal())))
  let held = 0
  for (let cast = 0; cast < 1000; cast++) {
    const ratings = Array.from({ length: 10 }, () => {
      const level = truth + 0.5 * normal()
      return Array.from({ length: 30 }, () => rate(level))
    })
    const found = clusteredMean(clustersOf(ratings))
    if (found !== null && found.low <= truth && truth <= found.high) held++
  }
  t.ok(held >= 910 && held <= 970, `${held} of 1000`)
})
