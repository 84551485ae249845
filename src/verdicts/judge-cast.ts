import { bundlesOf } from './bundles.ts'
import type { CastRows } from './cast-rows.ts'
import { judgeRelease, movesLevel, type ModuleVerdict } from './release-verdict.ts'

/** All releases of a cast, one after the other. Pure. */

export interface ReleaseVerdict {
  /** Several where they came within two days of each other and are judged together. */
  releases: string[]
  modules: ModuleVerdict[]
}

export function judgeCast (rows: CastRows): ReleaseVerdict[] {
  const changedBefore = new Map<string, number>()
  return bundlesOf(rows.releases).map(bundle => {
    const modules = judgeRelease(rows, bundle, changedBefore)
    for (const { module, verdict } of modules) if (movesLevel(verdict)) changedBefore.set(module, bundle.last)
    return { releases: bundle.names, modules }
  })
}
