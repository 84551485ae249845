import { attribute } from './attribution.ts'
import type { BlameRule } from '../tools/blame-sentences.ts'
import type { CallEnd, PlannedCall } from './day-journal.ts'
import { executableCalls, firstOrdinal, type AssistantMessage } from './history.ts'
import { checkInput, hashInput } from '../tools/input-check.ts'
import type { DayContext } from './day.ts'
import { asData, holdsCanary } from './marks.ts'
import { callsSent } from './limits.ts'
import type { ToolResultBlock, ToolUseBlock } from '../models/model.ts'
import { toAppInput } from '../tools/offered-schema.ts'
import { hasWalkedAway } from './walk-away.ts'
import type { Blame, Tool, ToolOutcome } from '../tools/toolbox.ts'
import { keepsCallingUnknownTools, NO_SUCH_TOOL } from './unknown-tools.ts'
import { NOTHING_SAID } from '../../analysis/feedback/evidence.ts'
import { clean, cutBytes, oneLine } from '../../platform/text.ts'

/** What is recorded of a call that would have carried the system prompt to the app. */
const LEAKED = 'withheld: the system prompt is in its arguments'

/** More calls in one message than one person makes are answered but not executed. */
const MAX_CALLS_PER_TURN = 16
/** What a tool answered is stored up to this size, and shown to the model up to the smaller one. */
const STORED_RESULT_BYTES = 64_000
const SHOWN_RESULT_BYTES = 20_000

/**
 * Executes the calls of one journaled message, one after the other (a persona is one person), each
 * journaled before it goes out and when it is back. A call that an earlier attempt finished is not
 * repeated; one that it was interrupted in is repeated only where that does no harm.
 * @returns a result for every call, or `released` when this process stops before the last one
 */
export async function runCalls (
  day: DayContext,
  reply: AssistantMessage
): Promise<ToolResultBlock[] | 'released'> {
  const first = firstOrdinal([...day.journal.messages], reply.seq)
  const results: ToolResultBlock[] = []
  for (const [index, call] of executableCalls(reply).entries()) {
    if (day.interruption() === 'released') return 'released'
    const tool = day.tools.find(call.name)
    const planned: PlannedCall = {
      ordinal: first + index,
      toolName: tool?.name ?? day.tools.findDenied(call.name)?.name ?? oneLine(call.name, 128),
      inputHash: hashInput(call.input),
      toolUseId: call.id,
      messageSeq: reply.seq
    }
    const end = await settle(day, planned, call, tool, index)
    results.push(toResult(call, end, day))
  }
  return results
}

/**
 * Finds out how a call ends, and records it. @throws where the app did not act, or the day cannot
 * go on after it
 */
async function settle (
  day: DayContext,
  planned: PlannedCall,
  call: ToolUseBlock,
  tool: Tool | undefined,
  index: number
): Promise<CallEnd> {
  const recorded = day.journal.recordedCall(planned.ordinal)
  if (recorded !== undefined && recorded !== 'started') return recorded
  const record = async (end: CallEnd) => {
    await day.journal.finishCall(planned, end)
    return end
  }
  const refused = refusal(day, call, tool, index)
  if (recorded === 'started' && (refused !== null || tool?.repeatable !== true)) {
    return record(INTERRUPTED)
  }
  if (refused !== null) return record(refused)
  await day.journal.startCall(planned)
  // Somebody may have asked for the run's end while the model was thinking, which writing that down
  // brings to light.
  const isOver = recorded === undefined && day.interruption() !== null &&
    day.interruption() !== 'released'
  if (isOver) return record(dayOver(day))
  const outcome = await execute(day, planned, call, tool as Tool, recorded === 'started')
  const end = await record(toEnd(judged(day, call, tool as Tool, outcome)))
  if (outcome.fatal !== undefined) throw outcome.fatal
  return end
}

/** Why a call is not sent to the app; null: it is sent. */
function refusal (
  day: DayContext,
  call: ToolUseBlock,
  tool: Tool | undefined,
  index: number
): CallEnd | null {
  const notes = day.prompts.toolNotes
  if (day.interruption() !== null || hasWalkedAway(day) || keepsCallingUnknownTools(day.journal)) {
    return dayOver(day)
  }
  if (callsSent(day.journal) >= day.limits.maxToolCalls) {
    return rejected(notes.dayOver, 'the limit of tool calls was reached', null)
  }
  if (index >= MAX_CALLS_PER_TURN) {
    return rejected(
      notes.tooManyCalls(MAX_CALLS_PER_TURN),
      `more than ${MAX_CALLS_PER_TURN} calls in one message`,
      'too_many_calls'
    )
  }
  const denied = tool === undefined ? day.tools.findDenied(call.name) : undefined
  if (denied !== undefined) {
    return rejected(notes.denied(denied.name), oneLine(`denied: ${denied.why}`), 'denied_tool')
  }
  if (tool === undefined) {
    return rejected(notes.unknownTool(oneLine(call.name, 128)), NO_SUCH_TOOL, 'unknown_tool')
  }
  if (holdsCanary(JSON.stringify(call.input), day.marks)) {
    return rejected(notes.notExecuted, LEAKED, 'withheld')
  }
  const problems = checkInput(
    tool.appSchema ?? tool.inputSchema,
    toAppInput(tool.renamed, call.input)
  )
  if (problems.length === 0) return null
  return rejected(
    notes.invalidInput(problems),
    oneLine(`input refused by the tool's schema: ${problems.join('; ')}`),
    'own_schema'
  )
}

const dayOver = ({ prompts }: DayContext) =>
  rejected(prompts.toolNotes.dayOver, 'the day was over', null)

/**
 * @param again an earlier attempt began it too, and whether that one reached the app cannot be told
 */
async function execute (
  day: DayContext,
  planned: PlannedCall,
  call: ToolUseBlock,
  tool: Tool,
  again: boolean
): Promise<ToolOutcome> {
  try {
    return await day.tools.toolbox.call(
      tool.name,
      toAppInput(tool.renamed, call.input) as Record<string, unknown>,
      {
        signal: day.signal,
        beforeSend: () => day.journal.makeSure()
      }
    )
  } catch (error) {
    if (!again) await day.journal.withdrawCall(planned)
    throw error
  }
}

/** By all that the run knows, where the app refused the call. */
function judged (
  day: DayContext,
  call: ToolUseBlock,
  tool: Tool,
  outcome: ToolOutcome
): ToolOutcome {
  if (outcome.said === undefined) return outcome
  const { blame, rule } = attribute(outcome.said, {
    tool,
    input: toAppInput(tool.renamed, call.input),
    ended: day.journal.endedCalls(),
    tools: day.tools.toolbox.tools
  })
  return { ...outcome, blame, blameRule: rule }
}

function toEnd (outcome: ToolOutcome): CallEnd {
  return {
    result: outcome.result,
    errorMessage: outcome.errorMessage === null ? null : oneLine(outcome.errorMessage),
    blame: outcome.blame,
    blameRule: outcome.blameRule ?? null,
    latencyMs: Math.round(outcome.latencyMs),
    resultText: cutBytes(clean(outcome.text), STORED_RESULT_BYTES).text
  }
}

/** Of the rules by which the runner itself refuses a call: whose fault it is. */
const BLAME_OF = {
  too_many_calls: 'model',
  denied_tool: 'model',
  unknown_tool: 'model',
  withheld: 'model',
  own_schema: 'persona'
} as const satisfies Partial<Record<BlameRule, Blame>>

const rejected = (
  resultText: string,
  errorMessage: string,
  blameRule: keyof typeof BLAME_OF | null
): CallEnd => ({
  result: 'rejected',
  errorMessage,
  latencyMs: null,
  resultText,
  blame: blameRule === null ? null : BLAME_OF[blameRule],
  blameRule
})
const INTERRUPTED: CallEnd = {
  result: 'unknown',
  errorMessage: 'interrupted before the app answered',
  latencyMs: null,
  resultText: '',
  blame: 'harness',
  blameRule: 'interrupted'
}

/** What the model is told: in our own words, or in the app's between marks. */
function toResult (
  call: ToolUseBlock,
  end: CallEnd,
  { prompts: { toolNotes }, marks }: DayContext
): ToolResultBlock {
  const shown = cutBytes(end.resultText, SHOWN_RESULT_BYTES)
  const isOurs = end.result === 'unknown' || end.result === 'rejected'
  const text = isOurs || shown.text.trim() === '' ? shown.text : asData(shown.text, marks)
  const told = end.result === 'unknown'
    ? toolNotes.unknownOutcome
    : shown.omittedBytes > 0
    ? `${text}\n${toolNotes.truncated(shown.omittedBytes)}`
    : text
  return {
    type: 'tool_result',
    tool_use_id: call.id,
    content: told.trim() === '' ? NOTHING_SAID : told,
    ...(end.result !== 'ok' && { is_error: true })
  }
}
