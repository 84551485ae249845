import { nameTools, type NamedTools } from '../tools/named-tools.ts'
import { roomForTools, sizesOf, tooMuch, totalOf, type SizedTool } from '../tools/tool-list-size.ts'
import { denyLine, mendAll, mendOf, type PolicyPlace } from '../tools/tool-mend.ts'
import { hintsSayNothing, judgeTools } from '../tools/tool-policy.ts'
import type { SetAside, Toolbox } from '../tools/toolbox.ts'
import type { ConnectedApp } from './connect.ts'
import { FIRST_APP } from '../../personas/app-name.ts'

/**
 * What personas get to see of an app's tools, what not, and the lines of configuration that change
 * it. Pure.
 */

export interface ToolReport {
  named: NamedTools
  /**
   * With about the tokens that each takes in a request, by the app's own names, the largest first.
   */
  offered: SizedTool[]
  /** Of all that are offered. */
  tokens: number
  setAside: (SetAside & { mend: string | null })[]
  /**
   * The one line that allows what is set aside and destroys nothing by its name; null: there is no
   * such line.
   */
  mend: string | null
  /** The app declares all its tools destructive, and they are judged by their names. */
  hintsSayNothing: boolean
  /**
   * What to deny, because the list leaves a day no room within MAX_INPUT_TOKENS; null: it has room.
   */
  tooLarge: string | null
}

type NamedPolicy = Pick<ConnectedApp, 'name' | 'toolPolicy'>

const placeOf = ({ name, toolPolicy }: NamedPolicy): PolicyPlace => ({
  app: name === FIRST_APP ? null : name,
  policy: toolPolicy
})

/**
 * Without what is only known from earlier runs: changed definitions, and what the model refused.
 */
export function reportTools (
  app: NamedPolicy,
  toolbox: Toolbox,
  maxInputTokens: number
): ToolReport {
  const place = placeOf(app)
  const named = nameTools(toolbox, tools =>
    judgeTools(app.toolPolicy, tools)
      .flatMap(({ tool, denial }) => denial === null ? [] : [{ name: tool.name, ...denial }]))
  const setAside = [...toolbox.setAside, ...named.denied]
  const offered = sizesOf(named.modelTools).map(size => ({
    ...size,
    name: named.find(size.name)?.name ?? size.name
  }))
  const excess = tooMuch(offered, roomForTools(maxInputTokens))
  return {
    named,
    offered,
    tokens: totalOf(offered),
    setAside: setAside.map(tool => ({ ...tool, mend: mendOf(place, tool) })),
    mend: mendAll(place, setAside),
    hintsSayNothing: hintsSayNothing(toolbox.tools),
    tooLarge: excess.length === 0 ? null : denyLine(place, excess.map(tool => tool.name))
  }
}

/** The line that gives personas one tool that is set aside; null: none does. */
export function mendOfTool (
  app: NamedPolicy,
  tool: Pick<SetAside, 'name' | 'reason'>
): string | null {
  return mendOf(placeOf(app), tool)
}

/** The one line for several of them; null: there is none. */
export function mendOfTools (
  app: NamedPolicy,
  tools: readonly Pick<SetAside, 'name' | 'reason'>[]
): string | null {
  return mendAll(placeOf(app), tools)
}
