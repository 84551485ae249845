import { act } from '../../src/runner/agent/loop.ts'
import type { DayContext } from '../../src/runner/agent/day.ts'
import type { Model } from '../../src/runner/models/model.ts'
import { marksOf } from '../../src/runner/agent/marks.ts'
import { nameTools } from '../../src/runner/tools/named-tools.ts'
import { promptsFor } from '../../src/runner/agent/prompts/prompts.ts'
import { reflect, type LivedAction } from '../../src/runner/agent/reflect.ts'
import type { Toolbox } from '../../src/runner/tools/toolbox.ts'
import { NO_BUDGET, RUN_LIMITS } from '../../test/helpers/limits.ts'
import { MemoryRun } from '../../test/helpers/memory-journal.ts'

const signal = new AbortController().signal
const marks = marksOf('bench')

/**
 * Our loop and our rating question without a database. @throws where the day was not lived to its
 * end and rated
 */
export async function liveDay (
  model: Model,
  toolbox: Toolbox,
  systemPrompt: string
): Promise<void> {
  const prompts = promptsFor('en')
  const run = new MemoryRun({ checks: false })
  const day: DayContext = {
    model,
    tools: nameTools(toolbox),
    prompts,
    system: prompts.system({ systemPrompt }, marks),
    marks,
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
  await day.journal.append({
    phase: 'acting',
    role: 'user',
    content: [{ type: 'text', text }],
    stopReason: null
  })
  const end = await act(day)
  const rated = await reflect(day, run.calls.map(lived), null)
  if (end !== 'end_turn' || typeof rated === 'string' || !rated.ok) {
    throw new Error(`not lived: ${end}, ${JSON.stringify(rated)}`)
  }
}

function lived ({ call, end }: MemoryRun['calls'][number]): LivedAction {
  if (end === 'started') throw new Error(`${call.toolName} did not end`)
  return {
    number: call.ordinal + 1,
    toolName: call.toolName,
    module: call.toolName,
    outcome: end.result,
    resultText: end.resultText
  }
}
