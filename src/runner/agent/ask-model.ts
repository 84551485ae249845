import { messageOf, ModelError } from '../../platform/errors.ts'
import { cleanJson } from '../../platform/clean-json.ts'
import type { DayContext, Interruption } from './day.ts'
import { toMessages, type JournaledMessage } from './history.ts'
import { limitReached, type LimitReason } from './limits.ts'
import { NO_USAGE, TOO_LONG, type ModelReply, type ModelRequest } from '../models/model.ts'
import { mostUsdOf, usdOf } from '../models/prices.ts'
import { shortened } from './too-long.ts'

/**
 * One request for the conversation so far, if the limits and the day's budget allow it. A reply
 * that an interruption cut short is an interruption, not an error. A tool that the model does not
 * take is left out from here on.
 * @returns a reply that stopped with `TOO_LONG` also where the provider refused the conversation as
 *   too long
 */
export async function askModel (
  day: DayContext,
  phase: 'acting' | 'reflecting',
  { maxTokens = day.maxReplyTokens } = {}
): Promise<ModelReply | Interruption | LimitReason | 'daily_budget'> {
  for (;;) {
    const limit = limitReached(day, phase)
    if (limit !== null) return limit
    const request = requestOf(day, maxTokens)
    let isOut = false
    const admit = async () => {
      isOut = false
      isOut = await day.budget.admit(() => mostUsd(day, request), day.modelSignal)
      return isOut
    }
    try {
      if (!await admit()) return 'daily_budget'
      return await day.model.complete(request, {
        signal: day.modelSignal,
        remainingMs: day.remainingMs(),
        async beforeRetry (failed) {
          await account(day, request, failed)
          const limit = limitReached(day, phase) ?? (await admit() ? null : 'daily_budget')
          if (limit !== null) throw new NotAgain(limit)
        }
      })
    } catch (error) {
      if (error instanceof NotAgain) return error.limit
      if (isOut) await account(day, request, error)
      const interrupted = day.interruption()
      if (interrupted !== null) return interrupted
      const remedy = error instanceof ModelError ? error.remedy : undefined
      if (remedy?.kind === 'shorten') {
        return { content: [], stopReason: TOO_LONG, model: day.model.name, usage: NO_USAGE }
      }
      if (remedy?.kind !== 'leave_out' || !day.tools.leaveOut(remedy.toolName, messageOf(error))) {
        throw error
      }
    }
  }
}

function requestOf (day: DayContext, maxTokens: number): ModelRequest {
  const { notExecuted, truncated } = day.prompts.toolNotes
  return {
    system: day.system,
    tools: day.tools.modelTools,
    messages: toMessages(shortened(day.journal.messages, truncated), notExecuted),
    maxTokens
  }
}

function mostUsd ({ model }: DayContext, request: ModelRequest): number | null {
  return model.price === null
    ? null
    : mostUsdOf(model.price, JSON.stringify(request).length, request.maxTokens)
}

/**
 * A call that was refused, or never got through, costs nothing; one that broke off may have been
 * answered.
 */
async function account (day: DayContext, request: ModelRequest, error: unknown): Promise<void> {
  if (error instanceof ModelError && !error.mayBeCharged) await day.budget.giveUp()
  else await day.journal.chargeUnanswered(mostUsd(day, request))
}

/** Charging the unanswered attempt used up the limit, so it is not retried. */
class NotAgain extends Error {
  readonly limit: LimitReason | 'daily_budget'
  constructor (limit: LimitReason | 'daily_budget') {
    super(limit)
    this.limit = limit
  }
}

/** Journals a reply before anything is done about it. */
export function journalReply (
  day: DayContext,
  phase: 'acting' | 'reflecting',
  reply: ModelReply
): Promise<JournaledMessage> {
  const { price } = day.model
  return day.journal.append({
    phase,
    role: 'assistant',
    content: cleanJson(reply.content) as ModelReply['content'],
    stopReason: reply.stopReason
  }, {
    model: reply.model,
    usage: reply.usage,
    usd: price === null ? null : usdOf(price, reply.usage)
  })
}
