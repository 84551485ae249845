import { setImmediate as breathe } from 'node:timers/promises'
import type { Queryable } from '../../platform/db/database.ts'
import { castQuality } from '../feedback/cast-quality.ts'
import type { CastGroup, Coverage } from './cast-schemas.ts'
import { readCastGroups, readCastRuns, readKnownTools, type KnownToolRow } from './cast-runs.ts'
import { readScope, type Range } from './filters.ts'
import { inOneView } from './folded-scope.ts'
import { groupKey, toMixed } from './modules.ts'
import type { CastQuery } from './queries.ts'
import type { Mixed } from './schemas.ts'

interface CastAnswer {
  range: Range
  mixed: Mixed
  coverage: Coverage
  groups: CastGroup[]
}

/**
 * Whether this is a crowd or one model in ten hats, for each model and prompt version apart, and
 * what nobody used.
 * @throws BadRequestError when the range is none
 */
export async function describeCast (
  db: Queryable,
  { mix = false, ...filter }: CastQuery
): Promise<CastAnswer> {
  const scope = { ...await readScope(db, filter), mix }
  const { groups, runs, tools } = await inOneView(db, async trx => ({
    groups: await readCastGroups(trx, scope),
    runs: await readCastRuns(trx, scope),
    tools: await readKnownTools(trx, scope)
  }))
  const runsOf = Map.groupBy(runs, groupKey)
  const judged: CastGroup[] = []
  for (const group of groups) {
    judged.push({
      models: group.models,
      promptVersions: group.prompt_versions,
      latestAt: group.latest_at.toISOString(),
      leftOut: group.left_out,
      quality: await inSlices(castQuality(runsOf.get(groupKey(group)) ?? [], MAX_PAIRS))
    })
  }
  return {
    range: scope.range,
    mixed: toMixed(groups, groups[0]?.changed_personas ?? 0),
    coverage: coverageOf(tools),
    groups: judged
  }
}

/** A collapsed cast of a hundred has thousands of pairs; the most alike are enough to see it. */
const MAX_PAIRS = 100

/** Runs and pages of this process go on in between. */
const SLICE_MS = 5

async function inSlices<T> (steps: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const endsAt = performance.now() + SLICE_MS
    while (performance.now() < endsAt) {
      const step = steps.next()
      if (step.done) return step.value
    }
    await breathe()
  }
}

function coverageOf (tools: KnownToolRow[]): Coverage {
  const modules = [...Map.groupBy(tools, tool => tool.module)]
  return {
    knownTools: tools.length,
    knownModules: modules.length,
    unusedTools: tools.filter(tool => !tool.used).map(({ tool, module }) => ({ tool, module })),
    unusedModules: modules.filter(([, own]) => own.every(tool => !tool.used)).map(([module]) =>
      module
    )
  }
}
