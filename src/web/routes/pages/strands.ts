import { address } from '../../dashboard/address.ts'
import type { ModuleGroup } from '../../../analysis/insights/schemas.ts'

/**
 * What may be counted together, as links: numbers under different models or prompts are never mixed
 * silently. Pure.
 */

interface Strand {
  name: string
  n: number
  href: string
  isCurrent: boolean
}

type Kept = Record<string, string | number | undefined>

/**
 * All together first. Groups without a known model come from other runners and cannot be filtered
 * by.
 */
export function strandsOf (
  groups: ModuleGroup[],
  { path, kept }: { path: string, kept: Kept }
): Strand[] {
  const countOf = (group: ModuleGroup) => group.modules.reduce((sum, module) => sum + module.n, 0)
  const single = groups.flatMap((group): Strand[] => {
    const [model] = group.models
    const [promptVersion] = group.promptVersions
    if (typeof model !== 'string' || typeof promptVersion !== 'string') return []
    const isCurrent = kept.model === model && kept.promptVersion === promptVersion
    return [{
      name: `${model} · prompts ${promptVersion}`,
      n: countOf(group),
      href: address(path, { ...kept, model, promptVersion }),
      isCurrent
    }]
  })
  const all: Strand = {
    name: 'all together',
    n: groups.reduce((sum, group) => sum + countOf(group), 0),
    href: address(path, { ...kept, model: undefined, promptVersion: undefined }),
    isCurrent: kept.model === undefined && kept.promptVersion === undefined
  }
  return [all, ...single]
}
