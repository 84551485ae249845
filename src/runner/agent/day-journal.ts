import type { JournaledMessage, NewMessage } from './history.ts'
import type { BlameRule } from '../tools/blame-sentences.ts'
import type { Usage } from '../models/model.ts'
import type { Blame } from '../tools/toolbox.ts'

/**
 * A tool call with the place it has in the run, fixed once the message that asks for it is
 * journaled.
 */
export interface PlannedCall {
  /** Position among the actions of the run, from 0. */
  ordinal: number
  /** As the app names it, or as the model did where the app has no such tool. */
  toolName: string
  inputHash: string
  toolUseId: string
  messageSeq: number
}

export interface CallEnd {
  result: 'ok' | 'error' | 'unknown' | 'rejected'
  errorMessage: string | null
  /**
   * Whose fault it was; null where it ended ok, was not to be executed any more, or is nobody's.
   */
  blame: Blame | null
  /** Which rule decided that; null where it ended ok, or was not to be executed any more. */
  blameRule: BlameRule | null
  /** Null where nothing was sent. */
  latencyMs: number | null
  /** What the app said, cleaned and cut. */
  resultText: string
}

/** What is to be known of a call for judging the day. */
export interface EndedCall
  extends Pick<PlannedCall, 'ordinal' | 'toolName' | 'inputHash'>, CallEnd {}

/** What the replies of a run have used so far, over all attempts. */
export interface Spent {
  replies: number
  /** Tokens that were not read from the cache. */
  inputTokens: number
  outputTokens: number
  /** US dollars; null: the price is unknown. */
  usd: number | null
  /** US dollars that calls whose answer never came may have cost at most. */
  unansweredUsd: number
}

/** The model's side of a message: who answered, and what it cost. */
export interface ReplyAccount {
  model: string
  usage: Usage
  usd: number | null
}

/** `spent` with one more reply. */
export function addReply (spent: Spent, { usage, usd }: ReplyAccount): Spent {
  return {
    ...spent,
    replies: spent.replies + 1,
    inputTokens: spent.inputTokens + usage.inputTokens + usage.cacheWriteTokens,
    outputTokens: spent.outputTokens + usage.outputTokens,
    usd: usd === null ? spent.usd : (spent.usd ?? 0) + usd
  }
}

/**
 * The port to where a day is recorded as it happens. What it was given is stored before anything
 * goes out to the app or to the model: at the latest when the next `startCall` or `makeSure`
 * resolves. Every method throws `RunLostError` when this worker no longer holds the run: then
 * nothing was written, and nothing more may be called.
 */
export interface DayJournal {
  /** What is journaled so far, in order; grows with `append`. */
  readonly messages: readonly JournaledMessage[]
  readonly spent: Spent
  append(message: NewMessage, reply?: ReplyAccount): Promise<JournaledMessage>
  /**
   * A call of the model broke off and may have been answered all the same: what the budget has
   * reserved for it is charged.
   * @param mostUsd the most it may have cost; null: the price is unknown
   */
  chargeUnanswered(mostUsd: number | null): Promise<void>
  /** How the call at this position ended in an earlier attempt; `started`: it was interrupted. */
  recordedCall(ordinal: number): CallEnd | 'started' | undefined
  /** All calls that have ended, in their order. */
  endedCalls(): EndedCall[]
  startCall(call: PlannedCall): Promise<void>
  /**
   * Asked for right before anything goes out, however long it was held back since its start was
   * written: by then another worker may have the run.
   */
  makeSure(): Promise<void>
  finishCall(call: PlannedCall, end: CallEnd): Promise<void>
  /**
   * Takes back the start of a call that certainly did not reach the app: it may be sent at any
   * later time.
   */
  withdrawCall(call: PlannedCall): Promise<void>
}
