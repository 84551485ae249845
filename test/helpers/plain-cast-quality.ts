import {
  MIN_PERSONAS,
  MIN_RUNS_PER_PERSONA,
  type CastRun
} from '../../src/analysis/feedback/cast-quality.ts'
import type { Variance } from '../../src/analysis/feedback/points.ts'

/**
 * What the quality of the cast is, said plainly: every pair, with sets and maps. What the product
 * computes must be the same to the last bit.
 */

const EPSILON = 1e-12
const NEAR_DUPLICATE_FROM = 0.9
const ALIKE_RATINGS = 1

interface Member {
  personaId: string
  personaName: string
  points: Point[]
  ratings: Map<string, number[]>
  /** Of the ratings, by module. */
  means: Map<string, number>
}
/** Tool or module → value; what is missing is 0. */
type Point = Map<string, number>

/** The verdict follows from what is here. */
export function plainCastQuality (runs: CastRun[]) {
  const members = membersOf(runs)
  const enough = members.length >= MIN_PERSONAS
  const counted = sum(members.map(member => member.points.length))
  const toolUse = enough ? varianceOf(members.map(member => member.points)) : notKnown(counted)
  const nearDuplicates = enough ? nearDuplicatesOf(members, toolUse.within ?? 0) : []
  return {
    toolUse,
    ratings: varianceOfRatings(members),
    nearDuplicates,
    nearDuplicatePairs: nearDuplicates.length,
    personas: members.length,
    runs: counted
  }
}

function membersOf (runs: CastRun[]): Member[] {
  const used = runs.filter(run => callsIn(run) > 0)
  return [...Map.groupBy(used, run => run.personaId).values()].filter(own =>
    own.length >= MIN_RUNS_PER_PERSONA
  ).map(own => {
    const ratings = ratingsOf(own)
    return {
      personaId: own[0]?.personaId ?? '',
      personaName: own[0]?.personaName ?? '',
      points: own.map(run =>
        new Map(Object.entries(run.toolShares).map(([tool, calls]) => [tool, calls / callsIn(run)]))
      ),
      ratings,
      means: new Map([...ratings].map(([module, all]) => [module, average(all)]))
    }
  })
}

const callsIn = (run: CastRun) => sum(Object.values(run.toolShares))

function ratingsOf (runs: CastRun[]): Map<string, number[]> {
  const byModule = Map.groupBy(
    runs.flatMap(run => Object.entries(run.ratings)),
    ([module]) => module
  )
  return new Map(
    [...byModule].map(([module, rated]) => [module, rated.map(([, rating]) => rating)])
  )
}

const notKnown = (n: number): Variance => ({ between: null, within: null, ratio: null, n })

/**
 * Variance components of runs that are grouped by persona: between = (MSB − MSW) / n0, within =
 * MSW, where n0 is the group size that stands for unequal ones. A single run cannot tell chance
 * from habit, so groups of one are not given.
 */
function varianceOf (groups: Point[][]): Variance {
  const n = groups.flat().length
  const grand = meanOf(groups.flat())
  const centres = groups.map(meanOf)
  const spread = groups.map((points, i) =>
    sum(points.map(point => distance(point, centres[i] ?? grand)))
  )
  const within = sum(spread) / (n - groups.length)
  const amongMeans =
    sum(groups.map((points, i) => points.length * distance(centres[i] ?? grand, grand))) /
    (groups.length - 1)
  const size = (n - sum(groups.map(points => points.length ** 2)) / n) / (groups.length - 1)
  const between = Math.max(0, (amongMeans - within) / size)
  return {
    between,
    within,
    ratio: between + within > EPSILON ? between / (between + within) : 0,
    n
  }
}

/**
 * Averaged over the modules that enough personas rated often enough: modules differ, and that is
 * not the cast's doing.
 */
function varianceOfRatings (members: Member[]): Variance {
  const modules = new Set(members.flatMap(member => [...member.ratings.keys()]))
  const known = [...modules].map(module =>
    members.map(member => member.ratings.get(module) ?? [])
      .filter(ratings => ratings.length >= MIN_RUNS_PER_PERSONA).map(ratings =>
        ratings.map(rating => new Map([[module, rating]]))
      )
  )
    .filter(groups => groups.length >= MIN_PERSONAS).map(varianceOf)
  const n = sum(known.map(variance => variance.n))
  if (known.length === 0) return notKnown(n)
  const between = sum(known.map(variance => variance.between ?? 0)) / known.length
  const within = sum(known.map(variance => variance.within ?? 0)) / known.length
  return {
    between,
    within,
    ratio: between + within > EPSILON ? between / (between + within) : 0,
    n
  }
}

/**
 * @param within variance among runs of one persona, which also stands in the products of means of
 *   few runs
 */
function nearDuplicatesOf (members: Member[], within: number) {
  const centres = members.map(({ points }) => {
    const mean = meanOf(points)
    return { mean, squaredLength: distance(mean, new Map()) - within / points.length }
  })
  const pairs = members.flatMap((a, i) =>
    members.slice(i + 1).map((b, j) => ({
      a: { personaId: a.personaId, personaName: a.personaName },
      b: { personaId: b.personaId, personaName: b.personaName },
      similarity: rateLikeEachOther(a, b) ? cosine(centres[i], centres[i + 1 + j]) : 0,
      nA: a.points.length,
      nB: b.points.length
    }))
  )
  return pairs.filter(pair => pair.similarity >= NEAR_DUPLICATE_FROM).sort((a, b) =>
    b.similarity - a.similarity
  )
}

interface Centre {
  mean: Point
  squaredLength: number
}

/** 0 where habits cannot be told from chance. */
function cosine (a: Centre | undefined, b: Centre | undefined): number {
  if (a === undefined || b === undefined || a.squaredLength <= 0 || b.squaredLength <= 0) return 0
  const product = sum([...a.mean].map(([key, value]) => value * (b.mean.get(key) ?? 0)))
  return Math.min(1, product / Math.sqrt(a.squaredLength * b.squaredLength))
}

function rateLikeEachOther (a: Member, b: Member): boolean {
  const apart = [...a.means].flatMap(([module, mean]) => {
    const other = b.means.get(module)
    return other === undefined ? [] : [Math.abs(mean - other)]
  })
  return apart.length === 0 || average(apart) < ALIKE_RATINGS
}

function meanOf (points: Point[]): Point {
  const keys = new Set(points.flatMap(point => [...point.keys()]))
  return new Map([...keys].map(key => [key, average(points.map(point => point.get(key) ?? 0))]))
}

/** Squared Euclidean. */
function distance (a: Point, b: Point): number {
  return sum(
    [...new Set([...a.keys(), ...b.keys()])].map(key =>
      ((a.get(key) ?? 0) - (b.get(key) ?? 0)) ** 2
    )
  )
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
const average = (values: number[]) => values.length === 0 ? 0 : sum(values) / values.length
