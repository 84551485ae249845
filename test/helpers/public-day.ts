import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Test } from 'tap'
import { legalName } from '../../src/runner/tools/tool-names.ts'
import { startScriptedClaude } from 'scripted-claude/scripted-claude'
import type { AppFacts } from '../../src/cli/doctor/schemas.ts'
import { admin, createPersona, startTestApp } from './app.ts'
import { curiousPlayer, type Call } from './curious-player.ts'
import { KEYS, look } from './doctor.ts'

/**
 * A whole day of one persona in an app that others wrote: doctor, sign-in, tools, calls, ratings,
 * on a real database.
 */

export interface PublicDay {
  facts: AppFacts
  /** Names of all tools, as the server lists them to its own SDK's client. */
  listed: string[]
  /** As the model was shown them. */
  offered: string[]
  run: Record<string, unknown>
  actions: {
    toolName: string
    module: string
    result: string
    blame: string | null
    blameRule: string | null
    errorMessage: string | null
  }[]
  feedback: {
    module: string
    rating: number | null
    grounded: boolean
    ungroundedReason: string | null
  }[]
}

export async function livePublicDay (
  t: Test,
  url: string,
  { calls, onlyThese = false }: { calls: Call[], onlyThese?: boolean }
): Promise<PublicDay> {
  const claude = await startScriptedClaude({ script: curiousPlayer(calls, onlyThese) })
  t.teardown(() => claude.close())
  const settings = { MCP_URL: url }
  const report = await look({
    ...KEYS,
    DATA_DIR: join(tmpdir(), 'persona-runner-never-made'),
    ...settings
  }, { asksModel: false })
  const app = await startTestApp(t, {
    env: { ANTHROPIC_API_KEY: 'stand-in', ANTHROPIC_BASE_URL: claude.url, ...settings }
  })
  const { id } = await createPersona(app, { locale: 'en' })
  await app.inject({ method: 'POST', url: '/diag/tick' })
  const { runs: [run] } =
    (await app.inject({ url: `/api/v1/admin/runs?personaId=${id}`, headers: admin })).json()
  const lived = (await app.inject({ url: `/api/v1/admin/runs/${run.id}`, headers: admin })).json()
  return {
    facts: report.apps[0] as AppFacts,
    listed: await listTools(url),
    offered: (claude.requests[0]?.tools ?? []).map(({ name }) => name),
    ...lived
  }
}

async function listTools (url: string): Promise<string[]> {
  const client = new Client({ name: 'test', version: '1.0.0' }, {
    versionNegotiation: { mode: 'auto' },
    capabilities: { elicitation: { form: { applyDefaults: true } } }
  })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  const { tools } = await client.listTools()
  await client.close()
  return tools.map(({ name }) => name)
}

export interface Expected {
  era: string
  protocolVersion: string
  setAside?: string[]
  /** The tools whose calls went wrong, in order. */
  wrong: string[]
}

/** What holds for every such day. */
export function holds (t: Test, day: PublicDay, expected: Expected): void {
  const { facts, listed, offered, run, actions, feedback } = day
  t.match(facts, { era: expected.era, protocolVersion: expected.protocolVersion })
  t.match(run, {
    state: 'completed',
    mcpEra: expected.era,
    protocolVersion: expected.protocolVersion
  })
  const shown = Object.values(facts.modules).flat()
  t.same(
    [...shown, ...facts.setAside.map(({ name }) => name)].sort(),
    listed.sort(),
    'offered and set aside make the list'
  )
  t.same(facts.setAside.map(({ name }) => name).sort(), (expected.setAside ?? []).sort())
  t.same(offered, shown.map(legalName).sort(), 'the model is shown what the doctor tells')

  const moduleOf = (tool: string) =>
    Object.keys(facts.modules).find(module => facts.modules[module]?.includes(tool))
  t.ok(actions.length > 0)
  for (const { toolName, module, result, errorMessage } of actions) {
    t.equal(module, moduleOf(toolName), `the module of ${toolName}`)
    t.not(result, 'unknown', `${toolName}: ${errorMessage}`)
  }
  t.same(
    actions.filter(({ result }) => result === 'error').map(({ toolName }) => toolName),
    expected.wrong
  )
  t.same(
    feedback.map(({ module }) => module).sort(),
    [...new Set(actions.map(({ module }) => module))].sort(),
    'each used module is rated'
  )
  for (const { module, rating, grounded, ungroundedReason } of feedback) {
    t.ok(grounded && rating !== null, `the rating of ${module} counts: ${ungroundedReason}`)
  }
}
