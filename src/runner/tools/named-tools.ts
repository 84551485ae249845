import type { ModelTool } from '../models/model.ts'
import type { SetAside, Tool, Toolbox } from './toolbox.ts'
import { moduleByName } from '../modules/derive.ts'
import { legalName, mapToolNames } from './tool-names.ts'

/** The tools of an app under the names that the model knows them by. */
export interface NamedTools {
  readonly toolbox: Toolbox
  /** The same array as long as they are the same, in this run as in others. */
  readonly modelTools: ModelTool[]
  /** The tool behind a name that the model used; undefined where there is none. */
  find(modelName: string): Tool | undefined
  /**
   * The tool that a persona may not use, by the name that the app or the model would call it;
   * undefined where there is none.
   */
  findDenied(name: string): SetAside | undefined
  /** Those of the app that a persona may not use, and why. */
  readonly denied: SetAside[]
  /** Those that the model's provider did not accept in this run, and its words. */
  readonly refused: SetAside[]
  /**
   * Takes a tool away that the model's provider does not accept; all others stay.
   * @param why the provider's words
   * @returns false: there is no such tool, none would be left, or so many were left out that
   *   something else must be wrong
   */
  leaveOut(modelName: string, why: string): boolean
  /** Between two steps: takes over what has changed at the app. @throws AppError */
  refresh(signal: AbortSignal): Promise<void>
}

const MAX_LEFT_OUT = 10

/** @returns those of a list that a persona may not use, and why */
export type Judge = (tools: readonly Tool[], definitions: ReadonlyMap<string, string>) => SetAside[]

/**
 * What is denied is not shown: a persona that sees a button and may not press it would blame the
 * app for our rule. The list stays the same from run to run, which the prompt cache needs.
 */
export function nameTools (
  toolbox: Toolbox,
  judge: Judge = () => [],
  moduleOf: (tool: string) => string = moduleByName
): NamedTools {
  const leftOut = new Map<string, SetAside>()
  const divide = () => {
    const denied = judge(toolbox.tools, toolbox.definitions)
    return { ...nameAllowed(toolbox.tools, denied.map(tool => tool.name), moduleOf), denied }
  }
  let { tools } = toolbox
  let named = divide()
  let { modelTools } = named
  return {
    toolbox,
    get modelTools () {
      return modelTools
    },
    get denied () {
      return named.denied
    },
    get refused () {
      return [...leftOut.values()]
    },
    find: modelName => leftOut.has(modelName) ? undefined : named.byLegalName.get(modelName),
    findDenied: name =>
      named.denied.find(tool => tool.name === name || legalName(tool.name) === name),
    leaveOut (modelName, why) {
      const tool = named.byLegalName.get(modelName)
      if (leftOut.size >= MAX_LEFT_OUT || leftOut.has(modelName) || tool === undefined) return false
      leftOut.set(modelName, { name: tool.name, reason: 'refused_by_model', why })
      modelTools = modelTools.filter(tool => tool.name !== modelName)
      return modelTools.length > 0
    },
    async refresh (signal) {
      await toolbox.refresh(signal)
      if (toolbox.tools === tools) return
      ;({ tools } = toolbox)
      named = divide()
      modelTools = leftOut.size === 0
        ? named.modelTools
        : named.modelTools.filter(tool => !leftOut.has(tool.name))
    }
  }
}

interface Named {
  byLegalName: ReadonlyMap<string, Tool>
  modelTools: ModelTool[]
}

/**
 * A persona rates modules: where a tool's name does not begin with its module, its description
 * does.
 */
function withModule ({ name, description }: Tool, module: string): string {
  return moduleByName(name) === module ? description : `Module: ${module}. ${description}`.trim()
}

/**
 * The same list comes in every run (`mcp-tools.ts`), and so, as a rule, do those of it that are
 * denied.
 */
const namedBefore = new WeakMap<Tool[], Map<string, Named>>()

function nameAllowed (tools: Tool[], denied: string[], moduleOf: (tool: string) => string): Named {
  const before = namedBefore.get(tools) ?? new Map<string, Named>()
  namedBefore.set(tools, before)
  const key = JSON.stringify([denied, tools.map(tool => moduleOf(tool.name))])
  const named = before.get(key) ??
    nameAll(tools.filter(tool => !denied.includes(tool.name)), moduleOf)
  before.set(key, named)
  return named
}

function nameAll (tools: Tool[], moduleOf: (tool: string) => string): Named {
  const names = mapToolNames(tools.map(tool => tool.name))
  const byLegalName = new Map<string, Tool>()
  for (const tool of tools) {
    const legal = names.toLegal.get(tool.name)
    if (legal !== undefined && !byLegalName.has(legal)) byLegalName.set(legal, tool)
  }
  // In the order of their names: the same list in every run is what the prompt cache needs.
  const modelTools = [...byLegalName].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, tool]) => ({
      name,
      description: withModule(tool, moduleOf(tool.name)),
      inputSchema: tool.inputSchema
    }))
  return { byLegalName, modelTools }
}
