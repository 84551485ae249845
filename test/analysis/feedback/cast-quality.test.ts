import t from 'tap'
import {
  castQuality as judge,
  type CastQuality,
  type CastRun
} from '../../../src/analysis/feedback/cast-quality.ts'
import { plainCastQuality } from '../../helpers/plain-cast-quality.ts'

const TOOLS = Array.from({ length: 12 }, (_, i) => `m${i % 4}.tool${i}`)
const MODULES = ['m0', 'm1', 'm2', 'm3']
const SEEDS = Array.from({ length: 200 }, (_, seed) => seed)

function castQuality (runs: CastRun[], shown = 100): CastQuality {
  const steps = judge(runs, shown)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function randomFrom (seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 0x100000000
  }
}

/** Who somebody is: how often each tool, and how lenient a judge. */
interface Character {
  weights: number[]
  leniency: number
}
interface Size {
  personas: number
  runs: number
}
const USUAL: Size = { personas: 10, runs: 8 }
const SMALLEST: Size = { personas: 8, runs: 5 }

/** Three favourite tools, and now and then any other. */
function someone (random: () => number): Character {
  const weights = TOOLS.map(() => 0.1 * random())
  for (let i = 0; i < 3; i++) weights[Math.floor(random() * TOOLS.length)] = 1
  return { weights, leniency: 3 * random() - 1.5 }
}

/**
 * A day of 4 to 10 calls; how a module is rated depends on the module, the character and the day.
 */
function day (personaId: string, { weights, leniency }: Character, random: () => number): CastRun {
  const toolShares: Record<string, number> = {}
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  for (let calls = 4 + Math.floor(random() * 7); calls > 0; calls--) {
    let rest = random() * total
    const tool = TOOLS[Math.max(0, weights.findIndex(weight => (rest -= weight) < 0))] ?? ''
    toolShares[tool] = (toolShares[tool] ?? 0) + 1
  }
  const ratings = MODULES.map((
    module,
    i
  ) => [module, Math.min(5, Math.max(1, Math.round(2.5 + i / 3 + leniency + 2 * random() - 1)))])
  return {
    personaId,
    personaName: `Persona ${personaId}`,
    toolShares,
    ratings: Object.fromEntries(ratings)
  }
}

function days (characters: Character[], runs: number, random: () => number): CastRun[] {
  return characters.flatMap((character, i) =>
    Array.from({ length: runs }, () => day(`p${i}`, character, random))
  )
}
function clones (seed: number, { personas, runs }: Size): CastRun[] {
  const random = randomFrom(seed)
  return days(Array<Character>(personas).fill(someone(random)), runs, random)
}
function crowd (seed: number, { personas, runs }: Size): CastRun[] {
  const random = randomFrom(seed)
  return days(Array.from({ length: personas }, () => someone(random)), runs, random)
}
const tally = (casts: CastRun[][]) => {
  const verdicts: Record<string, number> = {}
  for (const cast of casts) {
    const { verdict } = castQuality(cast)
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
  }
  return verdicts
}
const plain = (
  personaId: string,
  toolShares: Record<string, number>,
  ratings: Record<string, number> = {}
): CastRun => ({ personaId, personaName: personaId, toolShares, ratings })
const each = (n: number, run: (i: number) => CastRun) => Array.from({ length: n }, (_, i) => run(i))

t.test('a cast of clones is called collapsed, 200 seeds of 200', async t => {
  t.same(tally(SEEDS.map(seed => clones(seed, USUAL))), { collapsed: 200 })
})

t.test('a cast of distinct characters is called healthy, 200 seeds of 200', async t => {
  t.same(tally(SEEDS.map(seed => crowd(seed, USUAL))), { healthy: 200 })
})

t.test('too little data is called that, 200 seeds of 200', async t => {
  for (
    const size of [
      { personas: 7, runs: 20 },
      { personas: 30, runs: 4 },
      { personas: 10, runs: 2 },
      { personas: 1, runs: 50 }
    ]
  ) {
    t.same(
      tally(SEEDS.map(seed => crowd(seed, size))),
      { too_little_data: 200 },
      JSON.stringify(size)
    )
  }
})

t.test('even the smallest cast is never taken for its opposite', async t => {
  t.notOk('healthy' in tally(SEEDS.map(seed => clones(seed, SMALLEST))))
  t.notOk('collapsed' in tally(SEEDS.map(seed => crowd(seed, SMALLEST))))
})

t.test('a crowd in what it does that rates like one is neither, and so is the other way round', async t => {
  const sameJudges = (cast: CastRun[]) => cast.map(run => ({ ...run, ratings: { m0: 4, m1: 3 } }))
  t.same(tally(SEEDS.map(seed => sameJudges(crowd(seed, USUAL)))), { mixed: 200 })
  const sameHabits = (cast: CastRun[]) =>
    cast.map((run, i) => ({ ...run, toolShares: { a: 1 + i % 3, b: 2 } }))
  t.same(tally(SEEDS.map(seed => sameHabits(crowd(seed, USUAL)))), { mixed: 200 })
  const mute = (cast: CastRun[]) => cast.map(run => ({ ...run, ratings: {} }))
  t.same(
    tally(SEEDS.map(seed => mute(crowd(seed, USUAL)))),
    { mixed: 200 },
    'who never rates is not known to rate as people do'
  )
})

t.test('two characters that are one are named after 20 runs each, and no others, 200 seeds of 200', async t => {
  const found: Record<string, number> = {}
  for (const seed of SEEDS) {
    const random = randomFrom(seed)
    // Each has tools of its own, so that only the last one is anybody's double.
    const characters = [0, 1, 2, 3, 4, 5, 0].map((first): Character => ({
      weights: TOOLS.map((_, i) => i === 2 * first ? 1 : i === 2 * first + 1 ? 0.6 : 0.05),
      leniency: 0
    }))
    const pairs = castQuality(days(characters, 20, random)).nearDuplicates.map(({ a, b }) =>
      `${a.personaId} ${b.personaId}`
    ).join()
    found[pairs] = (found[pairs] ?? 0) + 1
  }
  t.same(found, { 'p0 p6': 200 })
})

t.test('a pair comes with both names, both numbers of runs, and how alike it is', async t => {
  const runs = [
    ...each(3, () => plain('a', { x: 2 })),
    ...each(4, () => plain('b', { x: 5 })),
    ...each(3, () => plain('c', { y: 1 })),
    ...each(3, () => plain('d', { z: 1 }))
  ]
  t.same(castQuality(runs).nearDuplicates, [
    {
      a: { personaId: 'a', personaName: 'a' },
      b: { personaId: 'b', personaName: 'b' },
      similarity: 1,
      nA: 3,
      nB: 4
    }
  ])
  const atOdds = runs.map(run => ({ ...run, ratings: { x: run.personaId === 'a' ? 1 : 5 } }))
  t.same(castQuality(atOdds).nearDuplicates, [], 'who rates otherwise is somebody else')
})

t.test('exact on casts that were computed by hand', async t => {
  const two = [
    ...each(3, () => plain('a', { x: 1 })),
    ...each(3, () => plain('b', { x: 9 })),
    ...each(3, () => plain('c', { y: 2 })),
    ...each(3, () => plain('d', { y: 2 }))
  ]
  // Every mean is ½ from the grand mean, squared and over two tools: MSB = 12 × ½ / 3 = 2, MSW = 0,
  // between = 2 / 3.
  t.match(castQuality(two), {
    verdict: 'too_little_data',
    toolUse: { between: 2 / 3, within: 0, ratio: 1, n: 12 },
    personas: 4,
    runs: 12
  })

  const same = castQuality(each(12, i => plain(`p${i % 4}`, { x: 1, y: 1 }, { m: 4 })))
  t.match(same, {
    verdict: 'too_little_data',
    toolUse: { between: 0, within: 0, ratio: 0, n: 12 },
    ratings: { between: 0, within: 0, ratio: 0, n: 12 }
  })
  t.equal(same.nearDuplicates.length, 6, "who never differs is everybody's double")

  // Shrout & Fleiss (1979), table 2: six targets, four judges; ICC(1) = .17.
  const published = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [
    6,
    2,
    4,
    7
  ]]
  const { ratings } = castQuality(
    published.flatMap((row, i) => row.map(rating => plain(`p${i}`, { x: 1 }, { m: rating })))
  )
  t.equal(ratings.n, 24)
  t.equal(ratings.within?.toFixed(2), '6.26')
  t.equal(ratings.ratio?.toFixed(4), '0.1657')
})

t.test('what cannot be told is null and not zero, with its n', async t => {
  const nothing = { between: null, within: null, ratio: null }
  t.same(castQuality([]), {
    verdict: 'too_little_data',
    toolUse: { ...nothing, n: 0 },
    ratings: { ...nothing, n: 0 },
    nearDuplicates: [],
    nearDuplicatePairs: 0,
    personas: 0,
    runs: 0
  })
  t.match(castQuality(each(12, i => plain(`p${i % 4}`, { x: 1 }))), {
    ratings: { ...nothing, n: 0 },
    toolUse: { n: 12 }
  }, 'nobody rated')
  const idle = castQuality(each(12, i => plain(`p${i % 4}`, i < 4 ? {} : { x: 1 })))
  t.match(
    idle,
    { verdict: 'too_little_data', personas: 0, runs: 0 },
    'days without a call count nowhere'
  )
  const rare = castQuality(
    each(16, i => plain(`p${i % 4}`, { x: 1 }, i < 11 ? { m: 1 + i % 4, seldom: 5 } : {}))
  )
  t.match(rare.ratings, { ...nothing, n: 0 }, 'three of the four rated three times')
  t.match(castQuality([...each(12, i => plain(`p${i % 4}`, { x: 1 })), plain('new', { y: 9 })]), {
    personas: 4,
    runs: 12
  }, 'a newcomer waits')
})

t.test('neither the order of runs nor the names matter', async t => {
  const cast = crowd(7, USUAL)
  const { toolUse, ratings, verdict } = castQuality(cast)
  const other = castQuality(
    cast.toReversed().map(run => ({ ...run, personaId: `x${run.personaId}`, personaName: 'Same' }))
  )
  t.equal(other.verdict, verdict)
  for (const [a, b] of [[toolUse, other.toolUse], [ratings, other.ratings]] as const) {
    t.ok(Math.abs((a.ratio ?? 0) - (b.ratio ?? 1)) < 1e-9 && a.n === b.n)
  }
})

t.test('the same as said plainly, to the last bit', async t => {
  let pairs = 0
  for (const seed of SEEDS.slice(0, 60)) {
    const random = randomFrom(seed)
    const characters = Array.from({ length: 1 + Math.floor(random() * 5) }, () => someone(random))
    const some = () => characters[Math.floor(random() * characters.length)] ?? someone(random)
    const personas = Array.from({ length: 3 + Math.floor(random() * 12) }, some)
    const cast = days(personas, 1 + Math.floor(random() * 12), random)
    // Idle days, days of other tools, modules not rated, and in no order.
    const lived = cast.map(run =>
      random() < 0.1 ? { ...run, toolShares: {} } : random() < 0.1 ? { ...run, ratings: {} } : run
    )
      .filter(() => random() < 0.9).sort(() => random() - 0.5)
    const { verdict, ...quality } = castQuality(lived)
    const plainly = plainCastQuality(lived)
    pairs += plainly.nearDuplicatePairs
    t.same(quality, plainly, `seed ${seed}`)
    t.same(castQuality(lived, 2), {
      verdict,
      ...plainly,
      nearDuplicates: plainly.nearDuplicates.slice(0, 2)
    }, `seed ${seed}, two pairs`)
  }
  t.ok(pairs > 100, `${pairs} pairs`)
})

t.test('a cast of five hundred clones is judged in steps of a few milliseconds', async t => {
  const random = randomFrom(1)
  const cast = days(Array<Character>(500).fill(someone(random)), 4, random)
  let steps = 0
  for (const quality = judge(cast, 100); !quality.next().done;) steps++
  t.ok(steps >= 3 * 500, `${steps} steps`)
})
