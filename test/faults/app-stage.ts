import assert from 'node:assert/strict'
import { listRunActions } from '../../src/runner/actions/repository.ts'
import { passwordAccounts } from '../../src/runner/accounts/login.ts'
import { openMcpToolbox, MCP_LIMITS, type McpOptions } from '../../src/runner/mcp/toolbox.ts'
import { legalName } from '../../src/runner/tools/tool-names.ts'
import type { Toolbox } from '../../src/runner/tools/toolbox.ts'
import type { ActionRow } from '../../src/platform/db/tables.ts'
import type { Script } from 'scripted-claude/scripted-claude'
import type { Outage } from '../../src/platform/errors.ts'
import { executeRun, type RunOutcome } from '../../src/runner/runs/execute-run.ts'
import { listTranscript } from '../../src/runner/runs/messages.ts'
import { openRuns, takeRun } from '../../src/runner/runs/repository.ts'
import { SEED_SECRET } from '../helpers/app.ts'
import { RUN_LIMITS } from '../helpers/limits.ts'
import type { Teardown } from '../helpers/mcp-fault-server.ts'
import { startWorld, type World } from '../helpers/world.ts'
import { startAppStandIn, type AppOptions, type AppStandIn, type Era } from './app-stand-in.ts'
import type { Size } from './scenario.ts'

/** What a row of the table is played on. */
export interface Stage {
  size: Size
  /** Which apps are set up in. */
  era: Era
  app(options?: AppOptions): Promise<AppStandIn>
  /** The app's tools without a run around them. */
  open(app: AppStandIn, options?: Partial<McpOptions>): Promise<Toolbox>
  /** A run by the real runner, in a real database, that asks for these calls in one turn each. */
  day(app: AppStandIn, turns: Turn[], options?: Partial<McpOptions>): Promise<Day>
}

export type Turn = { tool: string, input?: Record<string, unknown> }[]

export interface Day {
  /** One worker takes the run and lives it as far as it gets. */
  attempt(): Promise<RunOutcome>
  actions(): Promise<ActionRow[]>
  transcript(): Promise<string>
  /** The names of the tools that each request to the model offered. */
  offered: string[][]
}

export interface Row {
  /** Begins with the number of the row. */
  promise: string
  /** Default: it is played in both. */
  era?: Era
  /** Throws where it does not hold. */
  play(stage: Stage): Promise<void>
}

export const never = new AbortController().signal
/** As the real ones, in short. */
export const QUICK = { backOffMs: [5, 10, 20, 40], resumeGraceMs: 50 }
export { assert, MCP_LIMITS }

export const add = (toolbox: Toolbox, title: string) =>
  toolbox.call('note.add', { title }, { signal: never })
export const list = (toolbox: Toolbox) => toolbox.call('note.list', {}, { signal: never })

/** The error that must come. */
export async function errorOf (
  promise: Promise<unknown>
): Promise<Error & { code?: string, outage?: Outage }> {
  const error = await promise.then(() => undefined, (error: unknown) => error)
  assert.ok(error instanceof Error, 'an error is thrown')
  return error
}

export async function setStage (t: Teardown, size: Size): Promise<Stage> {
  let script: Script = () => ({ text: 'Fertig.' })
  let world: Promise<World> | undefined
  let personas = 0
  const stage: Stage = {
    size,
    era: 'session',
    app: options => startAppStandIn(t, { era: stage.era, ...options }),
    async open (app, options) {
      const usual = {
        url: app.url,
        headers: {},
        callTimeoutMs: 10_000,
        trusted: true,
        limits: QUICK
      }
      const toolbox = await openMcpToolbox({ ...usual, ...options }, never)
      t.teardown(() => toolbox.close())
      return toolbox
    },
    async day (app, turns, options = {}) {
      world ??= startWorld(t, { script: (request, context) => script(request, context) })
      const { app: { agent, database: { db } }, persona } = await world
      const { id } = await persona({ email: `p${++personas}@personas.test` })
      const [opened] = await openRuns(db, [{ id, version: 1 }], null)
      assert.ok(opened !== undefined)
      const offered: string[][] = []
      script = (request, { index }) => {
        offered.push((request.tools ?? []).map(tool => tool.name))
        const turn = turns[index]
        return turn === undefined
          ? { text: 'Fertig.' }
          : { toolCalls: turn.map(({ tool, input = {} }) => ({ name: legalName(tool), input })) }
      }
      const deps = {
        ...agent,
        db,
        accounts: passwordAccounts({ authUrl: app.origin, seedSecret: SEED_SECRET }),
        limits: RUN_LIMITS,
        openToolbox: (account: object, signal: AbortSignal) =>
          openMcpToolbox({
            headers: {},
            ...account,
            url: app.url,
            callTimeoutMs: 2000,
            trusted: true,
            limits: QUICK,
            ...options
          }, signal)
      }
      return {
        offered,
        async attempt () {
          const taken = await takeRun(db, opened.runId)
          assert.ok(taken !== undefined, 'the run is open')
          return executeRun(deps, taken, never)
        },
        actions: () => listRunActions(db, opened.runId),
        transcript: async () => JSON.stringify(await listTranscript(db, opened.runId))
      }
    }
  }
  return stage
}
