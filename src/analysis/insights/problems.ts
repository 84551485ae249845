import type { Queryable } from '../../platform/db/database.ts'
import { kindOfError } from './error-kind.ts'
import { readScope, type Range } from './filters.ts'
import { inOneView } from './folded-scope.ts'
import {
  readCitations,
  scanIncidents,
  type CitationRow,
  type Incident,
  type Place
} from './incidents.ts'
import { distinct } from './modules.ts'
import type { ProblemsQuery } from './queries.ts'
import type { Problem } from './problem-schemas.ts'

const MAX_EXAMPLES = 3
const MAX_CITATIONS = 3
/**
 * Of a problem so many calls are looked up, the latest: where feedback speaks of none of them it
 * hardly speaks of any.
 */
const MAX_PLACES = 5000
const FIRST_PLACES = 20
const DEFAULT_LIMIT = 20
const WALKED_AWAY = 'the patience was used up'

export interface ProblemsAnswer {
  range: Range
  /** Problems there are, shown or not. */
  total: number
  problems: Problem[]
}

/**
 * What went wrong, most frequent first: calls that did not end ok, grouped by module, tool, blame
 * and kind of error, and visits over which a persona left. Memory follows the number of problems
 * and of the runs they happened in.
 * @throws BadRequestError when the range is none
 */
export async function findProblems (db: Queryable, query: ProblemsQuery): Promise<ProblemsAnswer> {
  const { limit = DEFAULT_LIMIT, blame, ...filter } = query
  const scope = { ...await readScope(db, filter), blame }
  const { found, top, citations } = await inOneView(db, async trx => {
    const found = new Map<string, Gathered>()
    for await (const page of scanIncidents(trx, scope)) {
      for (const incident of page) gather(found, incident)
    }
    const top = [...found.values()].toSorted(mostFrequentFirst).slice(0, limit)
    return { found, top, citations: await citationsOf(trx, top) }
  })
  return {
    range: scope.range,
    total: found.size,
    problems: top.map(problem => toProblem(problem, citations.get(problem) ?? []))
  }
}

/** What is known of a problem while its incidents pass by, newest first. */
interface Gathered {
  /** Of what it is grouped by. */
  key: string
  kind: string
  /** The newest. */
  first: Incident
  /** The oldest so far. */
  last: Incident
  count: number
  personas: Set<string>
  runs: Set<string>
  appVersions: Set<string | null>
  models: Set<string | null>
  promptVersions: Set<string | null>
  examples: Incident[]
  /** Where feedback may speak of it, newest first. */
  places: Place[]
}

/** Names and kinds are clean, so that none of them holds this. */
const BETWEEN = '\u0000'

function gather (found: Map<string, Gathered>, incident: Incident): void {
  const { type, module, tool, blame } = incident
  const kind = type === 'error' ? kindOfError(incident.error_message) : WALKED_AWAY
  const key = type === 'error'
    ? [type, module, tool, blame, kind].join(BETWEEN)
    : [type, module].join(BETWEEN)
  let problem = found.get(key)
  if (problem === undefined) found.set(key, problem = begin(incident, { key, kind }))
  problem.count++
  problem.runs.add(incident.run_id)
  problem.personas.add(incident.persona_id)
  // The one before, as a rule, has the same: comparing is cheaper than adding.
  const { last } = problem
  if (incident.app_version !== last.app_version) problem.appVersions.add(incident.app_version)
  if (incident.model !== last.model) problem.models.add(incident.model)
  if (incident.prompt_version !== last.prompt_version) {
    problem.promptVersions.add(incident.prompt_version)
  }
  problem.last = incident
  if (problem.examples.length < MAX_EXAMPLES) problem.examples.push(incident)
  if (problem.places.length < MAX_PLACES) addPlaces(problem.places, incident)
}

function addPlaces (places: Place[], { run_id: runId, number, numbers }: Incident): void {
  for (const each of numbers ?? [number]) places.push({ runId, number: each })
}

function begin (first: Incident, { key, kind }: Pick<Gathered, 'key' | 'kind'>): Gathered {
  return {
    key,
    kind,
    first,
    last: first,
    count: 0,
    personas: new Set(),
    runs: new Set(),
    appVersions: new Set([first.app_version]),
    models: new Set([first.model]),
    promptVersions: new Set([first.prompt_version]),
    examples: [],
    places: []
  }
}

/** Of two as frequent the one that more personas met, then the latest, then by name. */
function mostFrequentFirst (a: Gathered, b: Gathered): number {
  return b.count - a.count || b.personas.size - a.personas.size ||
    compare(b.first.position, a.first.position) || compare(a.key, b.key)
}

const compare = (a: string, b: string): number => a === b ? 0 : a < b ? -1 : 1

/**
 * What feedback cites of each problem's latest calls. Most problems are spoken of soon, so a few
 * calls of each are looked up, then more of those of which too little was found.
 */
async function citationsOf (
  trx: Queryable,
  problems: Gathered[]
): Promise<Map<Gathered, CitationRow[]>> {
  const modules = [...new Set(problems.map(({ first }) => first.module))]
  const found = new Map(problems.map((problem): [Gathered, CitationRow[]] => [problem, []]))
  let from = 0
  for (let count = FIRST_PLACES; from < MAX_PLACES; from += count, count *= 4) {
    const asked = [...found].filter(([, citations]) => citations.length < MAX_CITATIONS)
      .flatMap(([problem, citations]) =>
        problem.places.slice(from, from + count).map(place => ({ place, citations }))
      )
    if (asked.length === 0) break
    for (const row of await readCitations(trx, asked.map(({ place }) => place), modules)) {
      asked[row.place]?.citations.push(row)
    }
  }
  return found
}

/** Of thousands of rows a few are shown: only theirs is made a time of. */
const instantOf = ({ position }: Incident) => new Date(position).toISOString()

function toProblem (found: Gathered, citations: CitationRow[]): Problem {
  const { first } = found
  return {
    type: first.type,
    module: first.module,
    tool: first.tool,
    kind: found.kind,
    blame: first.blame,
    count: found.count,
    personas: found.personas.size,
    runs: found.runs.size,
    firstSeenAt: instantOf(found.last),
    lastSeenAt: instantOf(first),
    appVersions: distinct([...found.appVersions]),
    models: distinct([...found.models]),
    promptVersions: distinct([...found.promptVersions]),
    examples: found.examples.map(example => ({
      runId: example.run_id,
      number: example.number,
      errorMessage: example.error_message,
      latencyMs: example.latency_ms,
      at: instantOf(example)
    })),
    citations: citations.slice(0, MAX_CITATIONS).map(({ runId, number, rating, notes, quote }) => ({
      runId,
      number,
      module: first.module,
      rating,
      notes,
      quote
    }))
  }
}
