import { askModel, journalReply } from './ask-model.ts'
import type { DayContext, EndReason, Interruption } from './day.ts'
import { isCutCall, isCutText, repliesInARow } from './cut-off.ts'
import { executableCalls, type AssistantMessage } from './history.ts'
import { TOO_LONG } from '../models/model.ts'
import { hasWalkedAway } from './walk-away.ts'
import { runCalls } from './run-calls.ts'
import { isHopelesslyLong } from './too-long.ts'
import { keepsCallingUnknownTools } from './unknown-tools.ts'

/** `pause_turn` asks to be called again with what is there; more often than this it is a loop. */
const MAX_PAUSES = 5

/**
 * The acting phase: model and tools in turns until the persona is done or something ends its day.
 * Each step is decided by the journal alone, so a day that another worker began goes on where it
 * stopped. The opening message must be journaled already.
 */
export async function act (day: DayContext): Promise<EndReason> {
  for (;;) {
    const interrupted = day.interruption()
    if (interrupted !== null) return interrupted
    const last = day.journal.messages.at(-1)
    if (last?.role === 'user' && hasWalkedAway(day)) return 'walked_away'
    if (last?.role === 'user' && keepsCallingUnknownTools(day.journal)) return 'unknown_tools'
    const end = last?.role === 'assistant' ? await afterReply(day, last) : await nextReply(day)
    if (end !== null) return end
  }
}

/** Acts on the latest reply. Null: the day goes on. */
async function afterReply (day: DayContext, reply: AssistantMessage): Promise<EndReason | null> {
  const { messages } = day.journal
  switch (reply.stopReason) {
    case 'tool_use':
      return executableCalls(reply).length > 0 ? executeAndJournal(day, reply) : 'end_turn'
    case 'end_turn':
    case 'stop_sequence':
      return 'end_turn'
    case 'pause_turn':
      return messages.filter(isPause).length <= MAX_PAUSES ? goOn(day) : 'stop:pause_turn'
    // A call that was cut off is not executed but asked for once more, with more room. Text that
    // was cut off may go on once; cut off again it is the persona's closing sentence all the same.
    case 'max_tokens': {
      if (isCutCall(reply)) {
        return repliesInARow(messages, isCutCall) <= 1
          ? nextReply(day, { maxTokens: day.maxReplyTokens * 2 })
          : 'max_tokens'
      }
      return repliesInARow(messages, isCutText) <= 1 ? goOn(day) : 'end_turn'
    }
    case TOO_LONG:
      return isHopelesslyLong(messages) ? 'context' : nextReply(day)
    case 'refusal':
      return 'refusal'
    default:
      return `stop:${reply.stopReason.slice(0, 60)}`
  }
}

const isPause = (message: { stopReason: string | null }) => message.stopReason === 'pause_turn'

async function executeAndJournal (
  day: DayContext,
  reply: AssistantMessage
): Promise<Interruption | null> {
  const results = await runCalls(day, reply)
  if (results === 'released') return results
  await day.journal.append({ phase: 'acting', role: 'user', content: results, stopReason: null })
  return null
}

/**
 * A paused or cut off reply of text alone, sent back as the last message, would be a prefill, which
 * newer models refuse: the persona is asked to go on.
 */
async function goOn (day: DayContext): Promise<null> {
  await day.journal.append({
    phase: 'acting',
    role: 'user',
    content: [{ type: 'text', text: day.prompts.goOn }],
    stopReason: null
  })
  return null
}

async function nextReply (
  day: DayContext,
  options: { maxTokens?: number } = {}
): Promise<EndReason | null> {
  await day.tools.refresh(day.modelSignal)
  const reply = await askModel(day, 'acting', options)
  if (typeof reply === 'string') return reply
  await journalReply(day, 'acting', reply)
  return null
}
