import type { Queryable } from '../../platform/db/database.ts'
import { readContract, type ContractRow } from './contract.ts'
import { readScope, type Range } from './filters.ts'
import { foldScope, inOneView } from './folded-scope.ts'
import { readClusters, type ClustersRow } from './clusters.ts'
import { intervalOf, meanOf, MIN_N, round } from './interval.ts'
import { readLatencies, type LatencyRow } from './latencies.ts'
import { countUnreadable, readFacts, type FactsRow } from './module-facts.ts'
import { readChanges } from './presence.ts'
import type { ModulesQuery } from './queries.ts'
import type { Mixed, ModuleGroup, ModuleInsight } from './schemas.ts'

export interface ModulesAnswer {
  range: Range
  mixed: Mixed
  /** Runs whose ratings could not be read. */
  unreadable: number
  groups: ModuleGroup[]
}

/**
 * How the modules do. Numbers under different models or prompt versions come in groups of their
 * own, and within a group only the newest version of each persona counts; all other versions are
 * left out and counted. `mix` puts all together.
 * @throws BadRequestError when the range is none
 */
export async function describeModules (db: Queryable, query: ModulesQuery): Promise<ModulesAnswer> {
  const { by = 'day', mix = false, ...filter } = query
  const asked = { ...await readScope(db, filter), by, mix }
  const { scope, facts, clusters, latencies, contract, unreadable } = await inOneView(
    db,
    async trx => {
      const folded = await foldScope(trx, asked)
      const scope = { ...folded, ...await readChanges(trx, folded) }
      return {
        scope,
        facts: await readFacts(trx, scope),
        clusters: await readClusters(trx, scope),
        latencies: await readLatencies(trx, scope),
        contract: await readContract(trx, scope),
        unreadable: await countUnreadable(trx, scope)
      }
    }
  )
  const factsOf = Map.groupBy(facts, groupKey)
  const clustersOf = Map.groupBy(clusters, groupKey)
  const latenciesOf = Map.groupBy(latencies, groupKey)
  const contractOf = Map.groupBy(contract, groupKey)
  const groups = facts.filter(row => row.module === null).sort(latestFirst)
  return {
    range: scope.range,
    mixed: toMixed(groups, scope.changedPersonas),
    unreadable,
    groups: groups.map(group => {
      const key = groupKey(group)
      const measured = {
        clusters: clustersOf.get(key) ?? [],
        latencies: latenciesOf.get(key) ?? [],
        contract: contractOf.get(key) ?? []
      }
      return toGroup(group, factsOf.get(key) ?? [], measured)
    })
  }
}

/** The latest group first; groups of one instant by their key. */
function latestFirst (a: FactsRow, b: FactsRow): number {
  return b.latest_at.getTime() - a.latest_at.getTime() || (groupKey(a) < groupKey(b) ? -1 : 1)
}

/** The same for all rows that may be counted together. */
export function groupKey (
  row: { group_model: string | null, group_prompts: string | null }
): string {
  return JSON.stringify([row.group_model, row.group_prompts])
}

type VersionsRow = Pick<FactsRow, 'models' | 'prompt_versions' | 'app_versions'>

/** What stands behind all groups together. */
export function toMixed (groups: VersionsRow[], changedPersonas: number): Mixed {
  return {
    models: distinct(groups.flatMap(group => group.models ?? [])),
    promptVersions: distinct(groups.flatMap(group => group.prompt_versions ?? [])),
    appVersions: distinct(groups.flatMap(group => group.app_versions ?? [])),
    personaVersions: changedPersonas
  }
}

/** Null last. */
export function distinct (names: (string | null)[]): (string | null)[] {
  return [...new Set(names)].sort((a, b) => a === null ? 1 : b === null ? -1 : a < b ? -1 : 1)
}

/** Everything that the sums of a module do not hold. */
interface Measured {
  clusters: ClustersRow[]
  latencies: LatencyRow[]
  contract: ContractRow[]
}

function toGroup (
  group: FactsRow,
  facts: FactsRow[],
  { clusters, latencies, contract }: Measured
): ModuleGroup {
  const ofModules = Map.groupBy(facts.filter(row => row.module !== null), row => row.module ?? '')
  const modules = [...ofModules].flatMap(([module, rows]) => {
    const measured = {
      clusters: clusters.filter(row => row.module === module),
      latencies: latencies.filter(row => row.module === module),
      contract: contract.filter(row => row.module === module)
    }
    return toModule(module, rows, measured)
  })
  return {
    models: distinct(group.models ?? []),
    promptVersions: distinct(group.prompt_versions ?? []),
    latestAt: group.latest_at.toISOString(),
    leftOut: { ratings: group.left_out_ratings, visits: group.left_out_visits },
    modules: modules.sort(worstFirst)
  }
}

/** @param rows the module as a whole, and each step of its trend */
function toModule (
  module: string,
  rows: FactsRow[],
  { clusters, latencies, contract }: Measured
): ModuleInsight[] {
  const total = rows.find(row => row.bucket === null)
  if (total === undefined) return []
  return [{
    module,
    n: total.n,
    mean: meanOf(total),
    interval: intervalOf(clusters[0]),
    ratings: {
      counted: total.n,
      ungrounded: total.ungrounded,
      cannotSay: total.cannot_say,
      unchecked: total.unchecked,
      personas: total.personas
    },
    friction: frictionOf(total),
    visits: total.visits,
    calls: total.calls,
    errors: {
      app: total.app_errors,
      persona: total.persona_errors,
      model: total.model_errors,
      account: total.account_errors,
      harness: total.harness_errors
    },
    contract: {
      errors: contract.reduce((sum, { errors }) => sum + errors, 0),
      tools: contract.map(({ tool, errors, personas, words }) => ({
        tool,
        errors,
        personas,
        words
      }))
    },
    walkAways: total.walk_aways,
    sayDoGaps: total.gaps,
    latency: toLatency(latencies[0]),
    trend: rows.flatMap(row => row.bucket === null ? [] : [toPoint(row, row.bucket)])
  }]
}

function toPoint (row: FactsRow, at: Date): ModuleInsight['trend'][number] {
  const { n, calls, app_errors: appErrors } = row
  return {
    at: at.toISOString(),
    n,
    mean: meanOf(row),
    friction: frictionOf(row),
    calls,
    appErrors
  }
}

const frictionOf = ({ calls, friction_calls: weighted }: FactsRow) =>
  calls === 0 ? null : round(weighted / calls)

function toLatency (row: LatencyRow | undefined): ModuleInsight['latency'] {
  if (row === undefined || row.n < MIN_N) return { n: row?.n ?? 0, p50Ms: null, p95Ms: null }
  const [p50, p95] = row.percentiles
  return { n: row.n, p50Ms: Math.round(p50), p95Ms: Math.round(p95) }
}

/** Lowest mean, then highest friction; what has no number comes last, then by name. */
function worstFirst (a: ModuleInsight, b: ModuleInsight): number {
  const lowMeanFirst = (a.mean ?? Infinity) - (b.mean ?? Infinity) || 0
  const highFrictionFirst = (b.friction ?? -1) - (a.friction ?? -1)
  return lowMeanFirst || highFrictionFirst || (a.module < b.module ? -1 : 1)
}
