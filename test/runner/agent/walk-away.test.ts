import t from 'tap'
import { act } from '../../../src/runner/agent/loop.ts'
import type { DayContext } from '../../../src/runner/agent/day.ts'
import type { Model } from '../../../src/runner/models/model.ts'
import { NO_USAGE } from '../../../src/runner/models/model.ts'
import { marksOf } from '../../../src/runner/agent/marks.ts'
import { nameTools } from '../../../src/runner/tools/named-tools.ts'
import { walksAwayAt, type PatienceCall } from '../../../src/runner/agent/patience.ts'
import { de } from '../../../src/runner/agent/prompts/de.ts'
import type { Toolbox, ToolOutcome } from '../../../src/runner/tools/toolbox.ts'
import { hashInput } from '../../../src/runner/tools/input-check.ts'
import { walkedAwayOver } from '../../../src/runner/agent/walk-away.ts'
import { NO_BUDGET, WIDE_LIMITS } from '../../helpers/limits.ts'
import { toolboxOf } from '../../helpers/toolbox.ts'
import { MemoryRun } from '../../helpers/memory-journal.ts'

type Fault = Omit<ToolOutcome, 'text'>

const OK: Fault = { result: 'ok', errorMessage: null, blame: null, latencyMs: 50 }
const FAULTS: Fault[] = [
  OK,
  { result: 'error', errorMessage: 'CAL-500', blame: 'app', latencyMs: 50 },
  { result: 'unknown', errorMessage: 'no answer in time', blame: 'app', latencyMs: 9000 },
  { ...OK, latencyMs: 6500 },
  { result: 'error', errorMessage: 'invalid params', blame: 'persona', latencyMs: 20 }
]

/** An app whose nth call goes as written. */
function appWith (faults: Fault[]): Toolbox {
  let call = 0
  const tool = {
    name: 'calendar.create',
    description: '',
    inputSchema: { type: 'object' },
    repeatable: false
  }
  return toolboxOf([tool], async () => ({ ...(faults[call++] ?? OK), text: 'so war es' }))
}

/** Calls the same tool for ever, with other arguments each time but every third. */
const inputOf = (n: number) => ({ n: n - (n % 3 === 2 ? 1 : 0) })

function neverStops (): Model {
  let turn = 0
  return {
    name: 'never-stops',
    price: null,
    async complete (request) {
      const name = request.tools[0]?.name ?? ''
      const first = turn++ * 2
      const content = [first, first + 1].map(n => ({
        type: 'tool_use' as const,
        id: `call_${n}`,
        name,
        input: inputOf(n)
      }))
      return { content, stopReason: 'tool_use', model: 'never-stops', usage: NO_USAGE }
    }
  }
}

async function live (patience: number, faults: Fault[]) {
  const run = new MemoryRun()
  const journal = run.open()
  await journal.append({
    phase: 'acting',
    role: 'user',
    content: [{ type: 'text', text: 'Los.' }],
    stopReason: null
  })
  const { signal } = new AbortController()
  const day: DayContext = {
    model: neverStops(),
    tools: nameTools(appWith(faults)),
    prompts: de,
    system: 'Du bist Mara.',
    marks: marksOf('key'),
    journal,
    patience,
    limits: WIDE_LIMITS,
    budget: NO_BUDGET,
    maxReplyTokens: 1000,
    signal,
    modelSignal: signal,
    interruption: () => null,
    remainingMs: () => Infinity
  }
  return {
    reason: await act(day),
    sent: journal.endedCalls().filter(call => call.result !== 'rejected'),
    over: walkedAwayOver(day)
  }
}

/** A small generator with a seed, so that a failing case can be told again. */
function random (seed: number) {
  return () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed / 2_147_483_648
  }
}

t.test('with a model that never stops, the day ends at the very call that was computed in advance, 100 times of 100', async t => {
  let met = 0
  for (let seed = 1; seed <= 100; seed++) {
    const next = random(seed)
    const patience = 20 + Math.floor(next() * 200)
    const faults = Array.from(
      { length: 100 },
      () => FAULTS[Math.floor(next() * FAULTS.length)] ?? OK
    )
      .concat(Array.from({ length: 100 }, () => FAULTS[1] ?? OK))
    const calls = faults.map((fault, n): PatienceCall => ({
      number: n + 1,
      toolName: 'calendar.create',
      inputHash: hashInput(inputOf(n)),
      result: fault.result,
      blame: fault.blame,
      latencyMs: fault.latencyMs
    }))
    const expected = walksAwayAt(patience, calls)
    const { reason, sent, over } = await live(patience, faults)
    const left = `left (${reason}) after ${sent.length}`
    if (reason === 'walked_away' && sent.length === expected && over.at(-1) === expected) met++
    else t.fail(`seed ${seed}: expected to leave over call ${expected}, ${left}`)
  }
  t.equal(met, 100)
})

t.test('less patience never lasts longer on the same faults', async t => {
  const next = random(7)
  const faults = Array.from({ length: 400 }, () => FAULTS[Math.floor(next() * FAULTS.length)] ?? OK)
  let before = 0
  for (const patience of [20, 40, 100, 250]) {
    const { sent } = await live(patience, faults)
    t.ok(sent.length >= before, `${patience} points last ${sent.length} calls`)
    before = sent.length
  }
})

t.test('what was asked for in the same message behind the last straw is not sent', async t => {
  const { reason, sent } = await live(20, [FAULTS[1] ?? OK])
  t.equal(reason, 'walked_away')
  t.equal(sent.length, 1)
})
