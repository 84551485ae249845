import type { SetAside, Toolbox } from '../../runner/tools/toolbox.ts'
import { reportTools, type ToolReport } from '../../runner/apps/tool-report.ts'
import { lookUp, modulesOf, type KnownModule } from '../../runner/modules/modules-of.ts'
import type { ModuleRules } from '../../runner/modules/rules.ts'
import { failed, ok } from './finding.ts'
import type { AppFacts, Finding } from './schemas.ts'
import type { SetUpApp } from './setup.ts'
import { count } from './words.ts'

/** What an app shows to a persona that has signed in. */

interface SeenApp {
  report: ToolReport
  facts: AppFacts
}

export function seeApp (
  { name, connected }: SetUpApp,
  toolbox: Toolbox,
  { known, maxInputTokens }: { known: Known, maxInputTokens: number }
): SeenApp {
  const report = reportTools(connected, toolbox, maxInputTokens)
  const facts: AppFacts = {
    name,
    era: toolbox.era,
    protocolVersion: toolbox.protocolVersion,
    server: toolbox.serverInfo,
    modules: groupByModule(report.offered.map(tool => tool.name).sort(), connected.modules, known),
    setAside: report.setAside,
    listTokens: report.tokens
  }
  return { report, facts }
}

/** By tool, what earlier runs have stored. */
type Known = ReadonlyMap<string, KnownModule>

/** As the next run will group them. */
function groupByModule (
  tools: string[],
  rules: ModuleRules,
  known: Known
): Record<string, string[]> {
  const moduleOf = lookUp(modulesOf(tools, rules, known), rules)
  return Object.groupBy(tools, moduleOf) as Record<string, string[]>
}

const ERAS = { stateless: ' without sessions', session: ' with sessions', sse: ' over HTTP+SSE' }

export function reached (
  { name, settings }: SetUpApp,
  { era, protocolVersion, server }: AppFacts
): Finding {
  const who = server === null ? '' : `, ${server.name} ${server.version}`
  const how = `MCP ${protocolVersion ?? 'of a revision that it does not tell'}${
    era === null ? '' : ERAS[era]
  }`
  return ok('app', `${settings.mcpUrl} answers${who}, ${how}`, { app: name })
}

export function checkTools (
  { modules, setAside, listTokens, name: app }: AppFacts,
  report: ToolReport,
  maxInputTokens: number
): Finding {
  const byModule = Object.entries(modules).map(([module, tools]) => `${module} ${tools.length}`)
  const size = `about ${count(listTokens, 'token')}`
  const asides = setAside.length === 0 ? '' : `; ${describe(report)}`
  const todo = wayOut(report)
  if (byModule.length === 0) {
    const none = setAside.length === 0 ? '; the app lists none' : asides
    return failed('tools', `no tool is left for a persona${none}`, {
      app,
      todo: todo ?? 'give the app tools'
    })
  }
  const says = `${byModule.join(', ')}; ${size}${asides}`
  if (report.tooLarge !== null) {
    return failed(
      'tools',
      `the list takes ${size}, more than a third of MAX_INPUT_TOKENS (${maxInputTokens}): ${says}`,
      {
        app,
        todo:
          `deny what personas do not need, such as ${report.tooLarge}, or raise MAX_INPUT_TOKENS`
      }
    )
  }
  return ok('tools', says, { app, ...(todo !== null && { todo }) })
}

function describe ({ setAside, hintsSayNothing }: ToolReport): string {
  const byReason = Object.entries(Object.groupBy(setAside, ({ why }) => why))
  const told = byReason.map(([why, tools = []]) => `${tools.map(nameOf).join(', ')} (${why})`)
  const hints = hintsSayNothing
    ? '; the app declares all its tools destructive, so that they are judged by their names'
    : ''
  return `set aside: ${told.join('; ')}${hints}`
}

const nameOf = ({ name }: SetAside) => name || 'a tool without a name'

/** The line that allows what was set aside. */
function wayOut ({ mend, setAside }: ToolReport): string | null {
  const line = mend ?? setAside.find(tool => tool.mend !== null)?.mend ?? null
  return line === null ? null : `to allow what you want personas to use: ${line}`
}
