import type { Queryable } from '../../platform/db/database.ts'
import { describeModules } from '../../analysis/insights/modules.ts'
import { findProblems } from '../../analysis/insights/problems.ts'
import type { Problem } from '../../analysis/insights/problem-schemas.ts'
import type { ModuleInsight } from '../../analysis/insights/schemas.ts'
import { actionPath, address, modulePath } from './address.ts'
import type { Markup } from './format.ts'
import { readLocales } from './module.ts'
import { spark, type SparkOptions } from './spark.ts'

/** What the overview shows of the insights. */

interface ModuleLine extends ModuleInsight {
  href: string
  trends: { rating: Markup, friction: Markup }
}

interface ProblemLine extends Problem {
  href: string | null
  title: string
  who: string
  /** What a persona says of it, in its own language. */
  said: { notes: string, locale: string } | null
}

interface Asked {
  from: string
  to: string
  app?: string
}

const NEWEST = 6
/** Of so many of the most frequent the newest are shown. */
const CONSIDERED = 100

/** Worst first, over all models and versions of the prompts; the template says what is mixed. */
export async function readModuleLines (db: Queryable, asked: Asked, kept: Kept) {
  const { groups, mixed, unreadable } = await describeModules(db, { ...asked, mix: true })
  const modules = (groups[0]?.modules ?? []).map(module => toLine(module, kept))
  return { modules, mixed, unreadable }
}

/** What an address must say. */
type Kept = Parameters<typeof address>[1]

function toLine (module: ModuleInsight, kept: Kept): ModuleLine {
  const means = module.trend.map(point => point.mean)
  const frictions = module.trend.map(point => point.friction)
  return {
    ...module,
    href: address(modulePath(module.module), kept),
    trends: {
      rating: trend(means, `rating of ${module.module} by day`, { low: 1, high: 5 }),
      friction: trend(frictions, `friction of ${module.module} by day`, { low: 0, high: 100 })
    }
  }
}

/** The same words for those who do not see the line. */
function trend (
  values: (number | null)[],
  what: string,
  range: Pick<SparkOptions, 'low' | 'high'>
): Markup {
  const known = values.filter(value => value !== null)
  const [first, last] = [known[0], known.at(-1)]
  const said = first === undefined || last === undefined
    ? 'no number yet'
    : known.length === 1
    ? `${last} so far`
    : `from ${first} to ${last}`
  return spark(values, { label: `${what}: ${said}`, ...range })
}

export async function readNewestProblems (
  db: Queryable,
  asked: Asked
): Promise<{ problems: ProblemLine[], total: number }> {
  const { problems, total } = await findProblems(db, { ...asked, limit: CONSIDERED })
  // Of the same instant they stay in the order of findProblems.
  const newest = problems.toSorted((a, b) => Date.parse(b.lastSeenAt) - Date.parse(a.lastSeenAt))
    .slice(0, NEWEST)
  const locales = await readLocales(
    db,
    newest.flatMap(problem => problem.citations.map(citation => citation.runId))
  )
  return { total, problems: newest.map(problem => toProblemLine(problem, locales)) }
}

function toProblemLine (problem: Problem, locales: Map<string, string>): ProblemLine {
  const cited = problem.citations.find(citation => citation.notes !== null)
  const said = cited === undefined
    ? null
    : { notes: cited.notes ?? '', locale: locales.get(cited.runId) ?? '' }
  return { ...problem, href: hrefOf(problem), title: titleOf(problem), who: whoOf(problem), said }
}

/** The newest example, as it stands in its run. */
function hrefOf ({ examples: [newest] }: Problem): string | null {
  return newest === undefined ? null : actionPath(newest.runId, newest.number)
}

function titleOf (problem: Problem): string {
  return problem.type === 'walk_away'
    ? `Walked away from ${problem.module}`
    : problem.tool ?? problem.module
}

const WHO: Record<string, string> = {
  app: 'the app',
  persona: 'the persona’s arguments',
  model: 'the model',
  account: 'the account',
  harness: 'this runner'
}

function whoOf ({ blame, type }: Problem): string {
  return type === 'walk_away'
    ? 'patience used up'
    : blame === null
    ? 'fault unknown'
    : `fault of ${WHO[blame] ?? blame}`
}
