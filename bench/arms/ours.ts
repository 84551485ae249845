import { act } from '../../src/agent/loop.ts'
import { createClaude } from '../../src/agent/claude.ts'
import type { DayContext } from '../../src/agent/day.ts'
import { openMcpToolbox } from '../../src/agent/mcp-toolbox.ts'
import { nameTools } from '../../src/agent/named-tools.ts'
import { promptsFor } from '../../src/agent/prompts/prompts.ts'
import { reflect, type LivedAction } from '../../src/agent/reflect.ts'
import { NO_BUDGET, RUN_LIMITS } from '../../test/helpers/limits.ts'
import { MemoryRun } from '../../test/helpers/memory-journal.ts'
import { MODEL, SYSTEM, type Arm, type Places } from './arm.ts'

/** Our loop without a database: what is left when only model and tools count, as with the peers. */
export async function openArm ({ modelUrl, mcpUrl }: Places): Promise<Arm> {
  const model = createClaude({ apiKey: 'stand-in', baseUrl: modelUrl, model: MODEL })
  const prompts = promptsFor('en')
  const signal = new AbortController().signal
  return {
    async run () {
      const toolbox = await openMcpToolbox({ url: mcpUrl, headers: {}, callTimeoutMs: 10_000, trusted: false }, signal)
      const run = new MemoryRun()
      const day: DayContext = {
        model,
        tools: nameTools(toolbox),
        prompts,
        system: prompts.system({ systemPrompt: SYSTEM }),
        journal: run.open(),
        limits: RUN_LIMITS,
        budget: NO_BUDGET,
        maxReplyTokens: 4096,
        patience: 1_000_000,
        signal,
        modelSignal: signal,
        interruption: () => null,
        remainingMs: () => 600_000
      }
      const text = prompts.day({ today: 'Monday', favouriteModules: [], diary: '' })
      await day.journal.append({ phase: 'acting', role: 'user', content: [{ type: 'text', text }], stopReason: null })
      const end = await act(day)
      const rated = await reflect(day, run.calls.map(lived), null)
      await toolbox.close()
      if (end !== 'end_turn' || typeof rated === 'string' || !rated.ok) throw new Error(`not lived: ${end}, ${JSON.stringify(rated)}`)
    },
    close: async () => {}
  }
}

function lived ({ call, end }: MemoryRun['calls'][number]): LivedAction {
  if (end === 'started') throw new Error(`${call.toolName} did not end`)
  return { number: call.ordinal + 1, toolName: call.toolName, module: call.toolName, outcome: end.result, resultText: end.resultText }
}
