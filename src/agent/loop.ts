import type { DayContext, EndReason, Interruption } from './day.ts'
import type { DayJournal } from './day-journal.ts'
import { executableCalls, spokenText, toMessages, toolUses, type AssistantMessage, type JournaledMessage } from './history.ts'
import { limitReached, type LimitReason } from './limits.ts'
import type { ModelReply, ModelRequest } from './model.ts'
import { mostUsdOf, usdOf } from './prices.ts'
import { hasWalkedAway } from './walk-away.ts'
import { runCalls } from './run-calls.ts'
import { ModelError } from '../errors.ts'
import { cleanJson } from '../text.ts'

/** `pause_turn` asks to be called again with what is there; more often than this it is a loop. */
const MAX_PAUSES = 5

/**
 * The acting phase: model and tools in turns until the persona is done or something ends its day. Each step
 * is decided by the journal alone, so a day that another worker began goes on where it stopped. The opening
 * message must be journaled already.
 */
export async function act (day: DayContext): Promise<EndReason> {
  for (;;) {
    const interrupted = day.interruption()
    if (interrupted !== null) return interrupted
    const last = day.journal.messages.at(-1)
    if (last?.role === 'user' && hasWalkedAway(day)) return 'walked_away'
    const end = last?.role === 'assistant' ? await afterReply(day, last) : await nextReply(day)
    if (end !== null) return end
  }
}

/** Acts on the latest reply. Null: the day goes on. */
async function afterReply (day: DayContext, reply: AssistantMessage): Promise<EndReason | null> {
  switch (reply.stopReason) {
    case 'tool_use': return executableCalls(reply).length > 0 ? executeAndJournal(day, reply) : 'end_turn'
    case 'end_turn':
    case 'stop_sequence': return 'end_turn'
    case 'pause_turn': return countStops(day.journal, 'pause_turn') <= MAX_PAUSES ? goOn(day) : 'stop:pause_turn'
    // Text that was cut off is still the persona's closing sentence. A call that was cut off is not executed
    // but asked for once more.
    case 'max_tokens': {
      if (toolUses(reply).length === 0) return 'end_turn'
      return countStops(day.journal, 'max_tokens') <= 1 ? nextReply(day, { maxTokens: day.maxReplyTokens * 2 }) : 'max_tokens'
    }
    case 'refusal': return 'refusal'
    default: return `stop:${reply.stopReason.slice(0, 60)}`
  }
}

async function executeAndJournal (day: DayContext, reply: AssistantMessage): Promise<Interruption | null> {
  const results = await runCalls(day, reply)
  if (results === 'released') return results
  await day.journal.append({ phase: 'acting', role: 'user', content: results, stopReason: null })
  return null
}

/**
 * A paused reply of text alone, sent back as the last message, would be a prefill, which newer models refuse:
 * the persona is asked to go on.
 */
async function goOn (day: DayContext): Promise<null> {
  await day.journal.append({ phase: 'acting', role: 'user', content: [{ type: 'text', text: day.prompts.goOn }], stopReason: null })
  return null
}

async function nextReply (day: DayContext, options: { maxTokens?: number } = {}): Promise<EndReason | null> {
  const reply = await askModel(day, 'acting', options)
  if (typeof reply === 'string') return reply
  await journalReply(day, 'acting', reply)
  return null
}

/**
 * One request for the conversation so far, if the limits and the day's budget allow it. A reply that an interruption
 * cut short is an interruption, not an error.
 */
export async function askModel (
  day: DayContext, phase: 'acting' | 'reflecting', { maxTokens = day.maxReplyTokens } = {}
): Promise<ModelReply | Interruption | LimitReason | 'daily_budget'> {
  const limit = limitReached(day, phase)
  if (limit !== null) return limit
  const request: ModelRequest = {
    system: day.system,
    tools: day.tools.modelTools,
    messages: toMessages([...day.journal.messages], day.prompts.toolNotes.notExecuted),
    maxTokens
  }
  if (!await day.budget.admit(() => mostUsd(day, request))) return 'daily_budget'
  try {
    return await day.model.complete(request, { signal: day.modelSignal })
  } catch (error) {
    await day.budget.giveUp(mayBeCharged(error))
    const interrupted = day.interruption()
    if (interrupted !== null) return interrupted
    throw error
  }
}

function mostUsd ({ model }: DayContext, request: ModelRequest): number | null {
  return model.price === null ? null : mostUsdOf(model.price, JSON.stringify(request).length, request.maxTokens)
}

/** A call that was refused, or never got through, costs nothing; one that broke off may have been answered. */
function mayBeCharged (error: unknown): boolean {
  return !(error instanceof ModelError) || error.code === 'MODEL_BAD_ANSWER'
}

/** Journals a reply before anything is done about it. */
export function journalReply (day: DayContext, phase: 'acting' | 'reflecting', reply: ModelReply): Promise<JournaledMessage> {
  const { price } = day.model
  return day.journal.append({
    phase, role: 'assistant', content: cleanJson(reply.content) as ModelReply['content'], stopReason: reply.stopReason
  }, { model: reply.model, usage: reply.usage, usd: price === null ? null : usdOf(price, reply.usage) })
}

function countStops (journal: DayJournal, stopReason: string): number {
  return journal.messages.filter(message => message.stopReason === stopReason).length
}

/** The sentence that the persona closed its day with; null when it did not get that far. */
export function daySummary (journal: readonly JournaledMessage[]): string | null {
  const last = journal.findLast(message => message.phase === 'acting' && message.role === 'assistant')
  return last !== undefined && executableCalls(last).length === 0 ? spokenText(last) || null : null
}
