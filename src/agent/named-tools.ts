import type { ModelTool } from './model.ts'
import type { Tool, Toolbox } from './toolbox.ts'
import { mapToolNames } from './tool-names.ts'

/** The tools of an app under the names that the model knows them by. */
export interface NamedTools {
  readonly toolbox: Toolbox
  readonly modelTools: ModelTool[]
  /** The tool behind a name that the model used; undefined where there is none. */
  find (modelName: string): Tool | undefined
  /**
   * Takes a tool away that the model's provider does not accept; all others stay.
   * @returns false: there is no such tool, or so many were left out that something else must be wrong
   */
  leaveOut (modelName: string): boolean
  /** Between two steps: takes over what has changed at the app. @throws AppError */
  refresh (signal: AbortSignal): Promise<void>
}

const MAX_LEFT_OUT = 10

export function nameTools (toolbox: Toolbox): NamedTools {
  const leftOut = new Set<string>()
  let { tools } = toolbox
  let named = nameAll(tools)
  return {
    toolbox,
    get modelTools () { return named.modelTools.filter(tool => !leftOut.has(tool.name)) },
    find: modelName => leftOut.has(modelName) ? undefined : named.byLegalName.get(modelName),
    leaveOut (modelName) {
      if (leftOut.size >= MAX_LEFT_OUT || leftOut.has(modelName) || !named.byLegalName.has(modelName)) return false
      leftOut.add(modelName)
      return true
    },
    async refresh (signal) {
      await toolbox.refresh(signal)
      if (toolbox.tools === tools) return;
      ({ tools } = toolbox)
      named = nameAll(tools)
    }
  }
}

function nameAll (tools: Tool[]): { byLegalName: Map<string, Tool>, modelTools: ModelTool[] } {
  const names = mapToolNames(tools.map(tool => tool.name))
  const byLegalName = new Map<string, Tool>()
  for (const tool of tools) {
    const legal = names.toLegal.get(tool.name)
    if (legal !== undefined && !byLegalName.has(legal)) byLegalName.set(legal, tool)
  }
  // In the order of their names: the same list in every run is what the prompt cache needs.
  const modelTools = [...byLegalName].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, tool]) => ({ name, description: tool.description, inputSchema: tool.inputSchema }))
  return { byLegalName, modelTools }
}
