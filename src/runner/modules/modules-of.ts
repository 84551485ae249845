import { deriveModules, moduleByName } from './derive.ts'
import { moduleByRules, type ModuleRules } from './rules.ts'

/** The modules of an app's tools: by the operator's rules, else as they were derived. Pure. */

export type ModuleOf = (tool: string) => string

/** What is stored of a tool. */
export interface KnownModule {
  /** What counts now. */
  module: string
  /** Null: never derived. */
  derived: string | null
}

export interface ToolModule {
  tool: string
  module: string
  derived: string
}

/** @param known by tool */
export function modulesOf (
  tools: readonly string[],
  rules: ModuleRules,
  known: ReadonlyMap<string, KnownModule>
): ToolModule[] {
  const before = new Map(
    [...known].flatMap(([tool, { derived }]) => derived === null ? [] : [[tool, derived] as const])
  )
  const fresh = deriveModules(tools, before)
  return tools.map(tool => {
    const derived = before.get(tool) ?? fresh.get(tool) ?? moduleByName(tool)
    return { tool, module: moduleByRules(rules, tool) ?? derived, derived }
  })
}

/**
 * A tool that is not among them, such as one that the model made up, has the module that the rules
 * or its name say.
 */
export function lookUp (modules: readonly ToolModule[], rules: ModuleRules): ModuleOf {
  const byTool = new Map(modules.map(({ tool, module }) => [tool, module]))
  return tool => byTool.get(tool) ?? moduleByRules(rules, tool) ?? moduleByName(tool)
}
