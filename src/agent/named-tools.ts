import type { ModelTool } from './model.ts'
import type { Tool, Toolbox } from './toolbox.ts'
import { mapToolNames } from './tool-names.ts'

/** The tools of an app under the names that the model knows them by. */
export interface NamedTools {
  toolbox: Toolbox
  modelTools: ModelTool[]
  /** The tool behind a name that the model used; undefined where there is none. */
  find (modelName: string): Tool | undefined
  /**
   * Takes a tool away that the model's provider does not accept; all others stay.
   * @returns false: there is no such tool, or so many were left out that something else must be wrong
   */
  leaveOut (modelName: string): boolean
}

const MAX_LEFT_OUT = 10

export function nameTools (toolbox: Toolbox): NamedTools {
  const names = mapToolNames(toolbox.tools.map(tool => tool.name))
  const byLegalName = new Map<string, Tool>()
  for (const tool of toolbox.tools) {
    const legal = names.toLegal.get(tool.name)
    if (legal !== undefined && !byLegalName.has(legal)) byLegalName.set(legal, tool)
  }
  // In the order of their names: the same list in every run is what the prompt cache needs.
  const modelTools = [...byLegalName].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, tool]) => ({ name, description: tool.description, inputSchema: tool.inputSchema }))
  let leftOut = 0
  const named: NamedTools = {
    toolbox,
    modelTools,
    find: modelName => byLegalName.get(modelName),
    leaveOut (modelName) {
      if (leftOut >= MAX_LEFT_OUT || !byLegalName.delete(modelName)) return false
      leftOut++
      named.modelTools = named.modelTools.filter(tool => tool.name !== modelName)
      return true
    }
  }
  return named
}
