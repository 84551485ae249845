import assert from 'node:assert/strict'
import { passwordAccounts } from '../../src/runner/accounts/login.ts'
import { derivePassword } from '../../src/runner/accounts/password.ts'
import { createClaude, type ClaudeOptions } from '../../src/runner/models/anthropic/claude.ts'
import type { DayContext } from '../../src/runner/agent/day.ts'
import type { Limits } from '../../src/runner/agent/limits.ts'
import type { ModelRequest } from '../../src/runner/models/model.ts'
import { openMcpToolbox } from '../../src/runner/mcp/toolbox.ts'
import { marksOf } from '../../src/runner/agent/marks.ts'
import { nameTools, type NamedTools } from '../../src/runner/tools/named-tools.ts'
import { promptsFor } from '../../src/runner/agent/prompts/prompts.ts'
import { legalName } from '../../src/runner/tools/tool-names.ts'
import { startSampleApp } from '../../src/demo/sample-app/sample-app.ts'
import type { Script, ScriptedReply } from 'scripted-claude/scripted-claude'
import { ModelError } from '../../src/platform/errors.ts'
import { NO_BUDGET, WIDE_LIMITS } from '../helpers/limits.ts'
import { MemoryRun } from '../helpers/memory-journal.ts'
import { startModelStandIn, type ModelStandIn, type ModelStandInOptions } from './model-stand-in.ts'
import type { Size } from './scenario.ts'

/**
 * What the rows of the model's faults are played with: the failing model, and days in the sample
 * app.
 */

const SECRET = 'seed-secret-for-tests'
export const KEY = 'sk-canary-0123456789-abcdef'
export const MAX_REPLY_TOKENS = 1000
export const prompts = promptsFor('de')
export const DONE: ScriptedReply = { text: 'War ganz gut.' }
export const use = (name: string, input: unknown = {}, id?: string) => ({
  name: legalName(name),
  input,
  ...(id !== undefined && { id })
})
export const create = (title: string, id?: string) => use('todo.create', { title }, id)
/** So short a pause that a row takes no time. */
const FAST = { quickMs: 1, baseMs: 1 }

export interface Asked {
  standIn: ModelStandIn
  error: ModelError | null
  text: string
}

export interface DayOptions extends Partial<ModelStandInOptions> {
  run?: MemoryRun
  home?: Home
  tools?: NamedTools
  limits?: Partial<Limits>
  maxReplyTokens?: number
  /** After so many writes the worker is as good as dead. */
  writes?: number
  claude?: Partial<ClaudeOptions>
}

export interface Home {
  email: string
  tools: NamedTools
}

export interface BenchDay {
  day: DayContext
  run: MemoryRun
  standIn: ModelStandIn
  home: Home
  effects(): Record<string, number>
}

export interface Bench {
  size: Size
  /** One request to a model that fails as told; what it failed with, or what it said. */
  ask(
    options: Partial<ModelStandInOptions>,
    claude?: Partial<ClaudeOptions>,
    remainingMs?: number
  ): Promise<Asked>
  standIn(options: ModelStandInOptions): Promise<ModelStandIn>
  moveIn(): Promise<Home>
  day(options?: DayOptions): Promise<BenchDay>
  /** For helpers of the tests that clean up behind themselves. */
  teardown(fn: () => Promise<void>): void
  close(): Promise<void>
}

/** Plays the replies in the order of the healthy requests; the last one repeats. */
export function inTurn (...replies: ScriptedReply[]): Script {
  let n = 0
  return () => replies[Math.min(n++, replies.length - 1)] ?? {}
}

const REQUEST: ModelRequest = {
  system: 'Du bist Mara.',
  tools: ['calendar_list', 'todo_list'].map(name => ({
    name,
    description: name,
    inputSchema: { type: 'object' }
  })),
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hallo.' }] }],
  maxTokens: 500
}

export async function openBench (size: Size): Promise<Bench> {
  const cleanups: (() => Promise<void>)[] = []
  const app = await startSampleApp()
  let people = 0
  const teardown = (fn: () => Promise<void>) => {
    cleanups.unshift(fn)
  }
  const never = new AbortController().signal

  async function standIn (options: ModelStandInOptions): Promise<ModelStandIn> {
    const started = await startModelStandIn(options)
    teardown(() => started.close())
    return started
  }

  async function moveIn (): Promise<Home> {
    const email = `fault-${++people}@personas.test`
    app.addAccount({ email, password: derivePassword(SECRET, email), name: 'P', locale: 'de' })
    const { headers } = await passwordAccounts({ authUrl: app.url, seedSecret: SECRET }).signIn({
      email
    }, never)
    const toolbox = await openMcpToolbox({
      url: app.mcpUrl,
      headers,
      callTimeoutMs: 10_000,
      trusted: true
    }, never)
    teardown(() => toolbox.close())
    return { email, tools: nameTools(toolbox) }
  }

  return {
    size,
    standIn,
    moveIn,
    teardown,
    async ask ({ script = () => DONE, faults }, claude = {}, remainingMs = Infinity) {
      const api = await standIn({ script, ...(faults !== undefined && { faults }) })
      const model = createClaude({
        apiKey: KEY,
        model: 'claude-opus-5-5',
        baseUrl: api.url,
        retry: FAST,
        timeoutMs: 5000,
        ...claude
      })
      const signal = new AbortController().signal
      const said: unknown = await model.complete(REQUEST, { signal, remainingMs }).catch((
        error: unknown
      ) => error)
      if (said instanceof Error) {
        assert.ok(said instanceof ModelError, `${said.name}: ${said.message}`)
      }
      return {
        standIn: api,
        error: said instanceof ModelError ? said : null,
        text: JSON.stringify(said)
      }
    },
    async day (
      {
        script = () => DONE,
        faults,
        run = new MemoryRun(),
        writes = Infinity,
        claude = {},
        limits = {},
        ...rest
      } = {}
    ) {
      const api = await standIn({ script, ...(faults !== undefined && { faults }) })
      const home = rest.home ??
        (rest.tools === undefined ? await moveIn() : { email: '', tools: rest.tools })
      const journal = run.open({ writes })
      const opening = {
        phase: 'acting' as const,
        role: 'user' as const,
        content: [{ type: 'text' as const, text: 'Verbring einen Tag.' }],
        stopReason: null
      }
      if (run.messages.length === 0) await journal.append(opening)
      const day: DayContext = {
        model: createClaude({
          apiKey: KEY,
          model: 'claude-opus-5-5',
          baseUrl: api.url,
          retry: FAST,
          timeoutMs: 5000,
          ...claude
        }),
        tools: home.tools,
        prompts,
        system: prompts.system({ systemPrompt: 'Du bist Mara.' }, marksOf('key')),
        marks: marksOf('key'),
        journal,
        limits: { ...WIDE_LIMITS, ...limits },
        budget: NO_BUDGET,
        maxReplyTokens: rest.maxReplyTokens ?? MAX_REPLY_TOKENS,
        patience: 1_000_000,
        signal: never,
        modelSignal: never,
        interruption: () => null,
        remainingMs: () => Infinity
      }
      return { day, run, standIn: api, home, effects: () => app.effects(home.email) }
    },
    async close () {
      for (const cleanup of cleanups) await cleanup()
      await app.close()
    }
  }
}
