import { moduleOf } from '../actions/repository.ts'
import { nameTools, type NamedTools } from '../agent/named-tools.ts'
import { whyDenied } from '../agent/tool-policy.ts'
import type { SetAside, Toolbox } from '../agent/toolbox.ts'
import { failed, ok } from './finding.ts'
import type { AppFacts, Finding } from './schemas.ts'
import type { SetUpApp } from './setup.ts'
import { count } from './words.ts'

/** What an app shows to a persona that has signed in. */

/** A token of a list of tools, in characters: what the benches count by (docs/performance.md, `cost`). */
const CHARACTERS_PER_TOKEN = 4

export interface SeenApp { tools: NamedTools, facts: AppFacts }

export function seeApp (app: SetUpApp, toolbox: Toolbox): SeenApp {
  const { name, connected: { toolPolicy } } = app
  const tools = nameTools(toolbox, ({ name, hints = {} }) => whyDenied(toolPolicy, { name, hints }))
  const names = tools.modelTools.flatMap(({ name }) => tools.find(name)?.name ?? [])
  const facts: AppFacts = {
    name,
    era: toolbox.era,
    protocolVersion: toolbox.protocolVersion,
    server: toolbox.serverInfo,
    modules: Object.groupBy(names, moduleOf) as Record<string, string[]>,
    setAside: [...toolbox.setAside, ...tools.denied],
    listTokens: Math.ceil(JSON.stringify(tools.modelTools).length / CHARACTERS_PER_TOKEN)
  }
  return { tools, facts }
}

const ERAS = { stateless: ' without sessions', session: ' with sessions', sse: ' over HTTP+SSE' }

export function reached ({ name, settings }: SetUpApp, { era, protocolVersion, server }: AppFacts): Finding {
  const who = server === null ? '' : `, ${server.name} ${server.version}`
  const how = `MCP ${protocolVersion ?? 'of a revision that it does not tell'}${era === null ? '' : ERAS[era]}`
  return ok('app', `${settings.mcpUrl} answers${who}, ${how}`, { app: name })
}

/** A list of tools beyond this share of what a day may send leaves no room for a day. */
const LARGEST_SHARE = 1 / 3

export function checkTools ({ modules, setAside, listTokens, name }: AppFacts, maxInputTokens: number): Finding {
  const byModule = Object.entries(modules).map(([module, tools]) => `${module} ${tools.length}`)
  const size = `about ${count(listTokens, 'token')}`
  if (byModule.length === 0) {
    return failed('tools', `no tool is left for a persona; ${asides(setAside)}`, { app: name, todo: wayOut(name, setAside) })
  }
  const says = `${byModule.join(', ')}; ${size}${setAside.length === 0 ? '' : `; ${asides(setAside)}`}`
  if (listTokens > maxInputTokens * LARGEST_SHARE) {
    return failed('tools', `the list takes ${size}, more than a third of MAX_INPUT_TOKENS (${maxInputTokens}): ${says}`, {
      app: name, todo: `raise MAX_INPUT_TOKENS, or deny tools with ${name === 'main' ? 'TOOL_DENY' : 'toolDeny'}`
    })
  }
  return ok('tools', says, { app: name, ...(setAside.length > 0 && { todo: wayOut(name, setAside) }) })
}

function asides (setAside: SetAside[]): string {
  const byReason = Object.entries(Object.groupBy(setAside, ({ why }) => why))
  const told = byReason.map(([why, tools = []]) => `${tools.map(({ name }) => name || 'a tool without a name').join(', ')} (${why})`)
  return setAside.length === 0 ? 'the app lists none' : `set aside: ${told.join('; ')}`
}

/** The line that allows what was set aside. */
function wayOut (app: string, setAside: SetAside[]): string {
  const names = setAside.map(({ name }) => name).filter(name => name !== '')
  const allow = app === 'main' ? `TOOL_ALLOW=${names.join(',')}` : `PUT toolAllow of the app "${app}": ${JSON.stringify(names)}`
  return names.length === 0 ? 'give the app tools' : `to allow what you want personas to use: ${allow}`
}
