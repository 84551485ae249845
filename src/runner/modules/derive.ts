import { nounsOf } from './words.ts'

/** The modules of an app whose operator has named none. Pure. */

/** What stands before the first `.`, `/` or `:`; undefined where the name has none of them. */
function prefixOf (tool: string): string | undefined {
  const [prefix = ''] = tool.split(/[./:]/)
  return prefix === tool || prefix === '' ? undefined : prefix
}

/**
 * The module of each new tool. A tool that is known keeps its module, so that a new one never moves
 * another; a new one joins a module that one of its nouns names.
 * @param known modules by tool, as they were stored
 */
export function deriveModules (
  tools: readonly string[],
  known: ReadonlyMap<string, string>
): Map<string, string> {
  const fresh = [...new Set(tools)].filter(tool => !known.has(tool)).sort()
  const sharing = countSharing(fresh.filter(tool => prefixOf(tool) === undefined))
  const taken = new Set(known.values())
  return new Map(fresh.map(tool => [tool, prefixOf(tool) ?? moduleByNoun(tool, sharing, taken)]))
}

/** How many tools share each noun. */
function countSharing (tools: readonly string[]): Map<string, number> {
  const sharing = new Map<string, number>()
  for (const tool of tools) {
    for (const noun of new Set(nounsOf(tool))) sharing.set(noun, (sharing.get(noun) ?? 0) + 1)
  }
  return sharing
}

/** The noun that most tools share; of several the first in the name. */
function moduleByNoun (
  tool: string,
  sharing: ReadonlyMap<string, number>,
  taken: ReadonlySet<string>
): string {
  const nouns = nounsOf(tool)
  const known = nouns.find(noun => taken.has(noun))
  if (known !== undefined) return known
  const [best = tool] = nouns.toSorted((a, b) => (sharing.get(b) ?? 0) - (sharing.get(a) ?? 0))
  return best
}

/** The module of a tool of which nothing is known, such as one that another runner reports. */
export function moduleByName (tool: string): string {
  return prefixOf(tool) ?? tool
}
