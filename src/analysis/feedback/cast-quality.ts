import { findNearDuplicates, type Pair, type Profile } from './near-duplicates.ts'
import { meanOf, notKnown, ratioOf, sum, varianceOf, type Point, type Variance } from './points.ts'

/**
 * Whether the personas are a crowd or one model in ten hats, from what they used and how they
 * rated. Pure: one-way analysis of variance, with the persona as the group (Shrout & Fleiss 1979,
 * ICC(1); for vectors of tool use the same with squared Euclidean distances, Anderson 2001).
 */

export interface CastRun {
  personaId: string
  personaName: string
  /** Tool → number of calls. */
  toolShares: Record<string, number>
  /** Module → rating that counts. */
  ratings: Record<string, number>
}

interface NearDuplicate {
  a: { personaId: string, personaName: string }
  b: { personaId: string, personaName: string }
  /** Of their tool use, 0 to 1: the cosine, corrected for what few runs blur. */
  similarity: number
  /** Runs of each. */
  nA: number
  nB: number
}

export interface CastQuality {
  verdict: 'collapsed' | 'healthy' | 'mixed' | 'too_little_data'
  toolUse: Variance
  ratings: Variance
  /**
   * Pairs that can hardly be told apart, the most alike first: so many of them as were asked for.
   */
  nearDuplicates: NearDuplicate[]
  /** How many such pairs there are. */
  nearDuplicatePairs: number
  /** Personas with enough runs, and their runs. */
  personas: number
  runs: number
}

/**
 * Fewer personas are no cast, and from fewer runs a persona's habits cannot be told from chance.
 */
export const MIN_PERSONAS = 4
export const MIN_RUNS_PER_PERSONA = 3
/**
 * What a word needs. Below it chance decides: of casts whose personas rate alike, 77 % were called
 * healthy at 4 personas with 3 runs each.
 */
const WORD_PERSONAS = 8
const WORD_RUNS = 5
/** Below this share of variance the persona explains next to nothing. The thresholds are ours. */
const COLLAPSED_BELOW = 0.2
/**
 * Tools are used out of habit; ratings also depend on how good the app is, and for all alike, so
 * less is asked of them.
 */
const HEALTHY_TOOL_USE = 0.4
const HEALTHY_RATINGS = 0.2

interface Member extends Profile {
  personaId: string
  personaName: string
  /** Of its runs. */
  points: Point[]
  /** Of each module that it rated, all its ratings. */
  rated: Map<number, Point[]>
}

/**
 * Runs without a call are left out, and so are personas with fewer than `MIN_RUNS_PER_PERSONA` of
 * the others. In small steps, so that whoever drives it can do something else in between.
 * @param shown how many pairs are wanted
 */
export function* castQuality (runs: CastRun[], shown: number): Generator<undefined, CastQuality> {
  const tools = numbering()
  const modules = numbering()
  const members = yield* membersOf(runs, tools.of, modules.of)
  const enough = members.length >= MIN_PERSONAS
  const counted = sum(members.map(member => member.points.length))
  const toolUse = enough
    ? yield* varianceOf(
      members.map(member => member.points),
      members.map(member => member.centre),
      tools.count()
    )
    : notKnown(counted)
  const ratings = yield* varianceOfRatings(members, modules.count())
  const size = { tools: tools.count(), modules: modules.count() }
  const { pairs, total } = enough
    ? yield* findNearDuplicates(members, toolUse.within ?? 0, size, shown)
    : { pairs: [], total: 0 }
  return {
    verdict: isEnoughForAWord(members)
      ? verdictOf(toolUse.ratio, ratings.ratio)
      : 'too_little_data',
    toolUse,
    ratings,
    nearDuplicates: pairs.flatMap(pair => toNearDuplicate(pair, members)),
    nearDuplicatePairs: total,
    personas: members.length,
    runs: counted
  }
}

function toNearDuplicate ({ i, j, similarity }: Pair, members: Member[]): NearDuplicate[] {
  const [a, b] = [members[i], members[j]]
  if (a === undefined || b === undefined) return []
  const named = ({ personaId, personaName }: Member) => ({ personaId, personaName })
  return [{ a: named(a), b: named(b), similarity, nA: a.n, nB: b.n }]
}

const isEnoughForAWord = (members: readonly Member[]) =>
  members.filter(member => member.n >= WORD_RUNS).length >= WORD_PERSONAS

/** Without ratings nobody can say that the personas rate as different people do. */
function verdictOf (toolUse: number | null, ratings: number | null): CastQuality['verdict'] {
  if (toolUse === null) return 'too_little_data'
  if (toolUse < COLLAPSED_BELOW && (ratings === null || ratings < COLLAPSED_BELOW)) {
    return 'collapsed'
  }
  return toolUse >= HEALTHY_TOOL_USE && ratings !== null && ratings >= HEALTHY_RATINGS
    ? 'healthy'
    : 'mixed'
}

/** Names by number, from 0, in the order in which they first come. */
function numbering () {
  const numbers = new Map<string, number>()
  return {
    of (name: string): number {
      const number = numbers.get(name) ?? numbers.size
      if (number === numbers.size) numbers.set(name, number)
      return number
    },
    count: () => numbers.size
  }
}

type NumberOf = (name: string) => number

function* membersOf (
  runs: CastRun[],
  toolNumber: NumberOf,
  moduleNumber: NumberOf
): Generator<undefined, Member[]> {
  const members: Member[] = []
  for (const own of Map.groupBy(runs.filter(hasCalls), run => run.personaId).values()) {
    const [first] = own
    if (first === undefined || own.length < MIN_RUNS_PER_PERSONA) continue
    const points = own.map(run => pointOf(run.toolShares, toolNumber))
    const rated = ratingsOf(own, moduleNumber)
    members.push({
      personaId: first.personaId,
      personaName: first.personaName,
      n: own.length,
      points,
      centre: meanOf(points),
      rated,
      ratings: { dimensions: [...rated.keys()], values: [...rated.values()].map(averageOf) }
    })
    yield
  }
  return members
}

function hasCalls ({ toolShares }: CastRun): boolean {
  for (const tool in toolShares) if ((toolShares[tool] ?? 0) > 0) return true
  return false
}

/** Each tool's share of a run's calls. */
function pointOf (toolShares: Record<string, number>, toolNumber: NumberOf): Point {
  const point: Point = { dimensions: [], values: [] }
  let all = 0
  for (const tool in toolShares) {
    const calls = toolShares[tool] ?? 0
    if (calls === 0) continue
    point.dimensions.push(toolNumber(tool))
    point.values.push(calls)
    all += calls
  }
  for (let i = 0; i < point.values.length; i++) point.values[i] = (point.values[i] ?? 0) / all
  return point
}

/** A rating is a point on a line. */
const LINE = [0]

function ratingsOf (runs: CastRun[], moduleNumber: NumberOf): Map<number, Point[]> {
  const rated = new Map<number, Point[]>()
  for (const { ratings } of runs) {
    for (const module in ratings) {
      const number = moduleNumber(module)
      const own = rated.get(number) ?? []
      own.push({ dimensions: LINE, values: [ratings[module] ?? 0] })
      rated.set(number, own)
    }
  }
  return rated
}

const averageOf = (rated: Point[]) =>
  sum(rated.map(({ values: [rating = 0] }) => rating)) / rated.length

/**
 * Averaged over the modules that enough personas rated often enough: modules differ, and that is
 * not the cast's doing.
 */
function* varianceOfRatings (members: Member[], modules: number): Generator<undefined, Variance> {
  const known: Variance[] = []
  for (let module = 0; module < modules; module++) {
    const groups = members.map(member => member.rated.get(module) ?? []).filter(rated =>
      rated.length >= MIN_RUNS_PER_PERSONA
    )
    if (groups.length < MIN_PERSONAS) continue
    known.push(yield* varianceOf(groups, groups.map(meanOf), 1))
  }
  const n = sum(known.map(variance => variance.n))
  if (known.length === 0) return notKnown(n)
  const between = sum(known.map(variance => variance.between ?? 0)) / known.length
  const within = sum(known.map(variance => variance.within ?? 0)) / known.length
  return { between, within, ratio: ratioOf(between, within), n }
}
