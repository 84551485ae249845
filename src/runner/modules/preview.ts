import { modulesOf, type KnownModule } from './modules-of.ts'
import { idlePatterns, moduleByRules, type ModuleRules } from './rules.ts'

/** What rules do with the tools that an app has ever shown. Pure. */

export interface RulesPreview {
  changes: { tool: string, from: string, to: string }[]
  /** Tools that no rule covers; none where there are no rules. */
  unmapped: string[]
  /** Patterns that cover no tool. */
  idle: string[]
}

/** @param known by tool, what is stored */
export function previewRules (
  known: ReadonlyMap<string, KnownModule>,
  before: ModuleRules,
  after: ModuleRules
): RulesPreview {
  const tools = [...known.keys()]
  const from = new Map(modulesOf(tools, before, known).map(({ tool, module }) => [tool, module]))
  const changes = modulesOf(tools, after, known).map(({ tool, module }) => ({
    tool,
    from: from.get(tool) ?? module,
    to: module
  }))
  const isUnmapped = (tool: string) => moduleByRules(after, tool) === undefined
  return {
    changes: changes.filter(change => change.from !== change.to),
    unmapped: after.length === 0 ? [] : tools.filter(isUnmapped),
    idle: tools.length === 0 ? [] : idlePatterns(after, tools)
  }
}
