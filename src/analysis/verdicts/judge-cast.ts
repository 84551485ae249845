import { bundlesOf } from './bundles.ts'
import type { CastRows } from './cast-rows.ts'
import { decidingLook, judgeRelease, movesLevel, type ModuleLooks } from './release-verdict.ts'

/** All releases of a cast, one after the other. Pure. */

export interface ReleaseVerdict {
  /** Several where they came within two days of each other and are judged together. */
  releases: string[]
  modules: ModuleLooks[]
}

export function judgeCast (rows: CastRows): ReleaseVerdict[] {
  const changedBefore = new Map<string, number>()
  return bundlesOf(rows.releases).map(bundle => {
    const modules = judgeRelease(rows, bundle, changedBefore)
    for (const { module, looks } of modules) {
      const look = decidingLook(looks)
      if (look !== undefined && movesLevel(look.state)) changedBefore.set(module, bundle.last)
    }
    return { releases: bundle.names, modules }
  })
}
