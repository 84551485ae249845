import { acceptedDefinitions, rememberTools } from '../actions/known-tools.ts'
import {
  noteRefused,
  noteSetAside,
  type SetAsideRow,
  type StoredSetAside
} from '../actions/set-aside-tools.ts'
import { noteHintsIgnored } from '../apps/repository.ts'
import type { Limits } from '../agent/limits.ts'
import type { Model } from '../models/model.ts'
import { nameTools, type Judge, type NamedTools } from '../tools/named-tools.ts'
import { denyLine, mendAll, settingOf, type PolicyPlace } from '../tools/tool-mend.ts'
import { roomForTools, sizesOf, tooMuch, totalOf } from '../tools/tool-list-size.ts'
import { hintsSayNothing, judgeTools, type ToolPolicy } from '../tools/tool-policy.ts'
import type { SetAside, Toolbox } from '../tools/toolbox.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { ModuleOf } from '../modules/modules-of.ts'
import type { ModuleRules } from '../modules/rules.ts'
import {
  McpNoToolsError,
  ToolListTooLargeError,
  ToolsAllDeniedError
} from '../../platform/errors.ts'
import { placeOf, type ToolNews } from './tool-news.ts'

/**
 * Which of an app's tools the persona of a run gets to see, what is stored of the others, and what
 * is said of both.
 */

export interface ShowDependencies {
  db: Queryable
  model: Pick<Model, 'name'>
  toolPolicy: ToolPolicy & {
    /** What happens to a tool that the app describes otherwise than before. */
    changes: 'warn' | 'block'
  }
  /** The modules that an operator named; undefined: none. */
  modules?: ModuleRules | undefined
  limits: Pick<Limits, 'maxInputTokens'>
  /** Told as a day begins which tools of the app the persona gets to see, and which not. */
  onToolNews?(news: ToolNews): void
}

interface ShownTools {
  tools: NamedTools
  moduleOf: ModuleOf
}

export async function showTools (
  deps: ShowDependencies,
  app: string,
  toolbox: Toolbox
): Promise<ShownTools> {
  const { db, toolPolicy, onToolNews } = deps
  const { changed, setAside: stored, hintsIgnored, moduleOf } = await rememberTools(
    db,
    app,
    toolbox.definitions,
    deps.modules
  )
  const tools = nameTools(toolbox, await judgeOf(deps, app, stored), moduleOf)
  const setAside = [...toolbox.setAside, ...tools.denied]
  const shown = [...toolbox.tools, ...toolbox.setAside].map(tool => tool.name)
  await noteSetAside(db, app, shown, setAside.map(tool => toRow(tool, deps, toolbox)), stored)
  const ignored = toolPolicy.standard !== 'deny' && hintsSayNothing(toolbox.tools)
  if (ignored !== hintsIgnored) await noteHintsIgnored(db, app, ignored)
  onToolNews?.({
    app,
    changed,
    setAside,
    offered: tools.modelTools.length,
    mend: mendAll(placeOf(app, deps.toolPolicy), setAside),
    hintsSayNothing: ignored
  })
  return { tools, moduleOf }
}

/** What the model's provider did not take in this run. */
export async function rememberRefused (
  deps: ShowDependencies,
  app: string,
  { toolbox, refused }: NamedTools
): Promise<void> {
  await noteRefused(deps.db, app, refused.map(tool => toRow(tool, deps, toolbox)))
}

/**
 * @throws McpNoToolsError, ToolsAllDeniedError where nothing is left that a day could be lived with
 */
export function mustHaveTools (
  deps: ShowDependencies,
  app: string,
  { toolbox, denied, modelTools }: NamedTools
): void {
  if (toolbox.tools.length === 0) {
    throw new McpNoToolsError(
      `The MCP server offers no usable tool. Set aside: ${listOf(toolbox.setAside)}`
    )
  }
  const place = placeOf(app, deps.toolPolicy)
  if (modelTools.length === 0) {
    throw new ToolsAllDeniedError(listOf(denied), mendAll(place, denied) ?? lastResort(place))
  }
}

/**
 * @throws ToolListTooLargeError where the list of tools alone would end the day at its first turn
 */
export function mustHaveRoom (
  deps: ShowDependencies,
  app: string,
  { modelTools, find }: NamedTools
): void {
  const room = roomForTools(deps.limits.maxInputTokens)
  const sizes = sizesOf(modelTools).map(size => ({
    ...size,
    name: find(size.name)?.name ?? size.name
  }))
  if (totalOf(sizes) <= room) return
  throw new ToolListTooLargeError({
    tokens: totalOf(sizes),
    limit: deps.limits.maxInputTokens,
    largest: sizes.slice(0, 5).map(({ name, tokens }) => `${name} (${tokens})`).join(', '),
    mend: denyLine(placeOf(app, deps.toolPolicy), tooMuch(sizes, room).map(tool => tool.name))
  })
}

const lastResort = (place: PolicyPlace) =>
  `change ${settingOf(place, 'TOOL_DENY')} or ${settingOf(place, 'TOOL_POLICY')}`

const SHOWN = 5

function listOf (setAside: readonly SetAside[]): string {
  const some = setAside.slice(0, SHOWN).map(({ name, why }) =>
    `${name === '' ? 'a tool' : name}: ${why}`
  ).join('; ')
  return `${some}${setAside.length > SHOWN ? `; and ${setAside.length - SHOWN} more` : ''}.`
}

function toRow (
  tool: SetAside,
  { model }: ShowDependencies,
  { definitions }: Toolbox
): SetAsideRow {
  const isRefused = tool.reason === 'refused_by_model'
  return {
    ...tool,
    model: isRefused ? model.name : null,
    definitionHash: isRefused ? definitions.get(tool.name) ?? null : null
  }
}

/**
 * The policy, what the model refused before, and where changes are blocked the definitions that are
 * known as the day begins.
 */
async function judgeOf (
  { db, toolPolicy, model }: ShowDependencies,
  app: string,
  stored: StoredSetAside[]
): Promise<Judge> {
  const known = toolPolicy.changes === 'block'
    ? await acceptedDefinitions(db, app)
    : new Map<string, string>()
  const refused = new Map(
    stored.filter(row => row.model === model.name && !row.expired).map(row => [row.name, row])
  )
  return (tools, definitions) =>
    judgeTools(toolPolicy, tools).flatMap(({ tool: { name }, denial }): SetAside[] => {
      const [accepted, definition, refusal] = [
        known.get(name),
        definitions.get(name),
        refused.get(name)
      ]
      if (accepted !== undefined && accepted !== definition) {
        return [{
          name,
          reason: 'changed',
          why: 'its definition has changed, and nobody has accepted that'
        }]
      }
      if (denial !== null) return [{ name, ...denial }]
      return refusal !== undefined && refusal.definitionHash === (definition ?? null)
        ? [{ name, reason: 'refused_by_model', why: refusal.why }]
        : []
    })
}
