import type { DayJournal } from './day-journal.ts'
import type { Budget } from '../models/budget.ts'
import type { LimitReason, Limits } from './limits.ts'
import type { Marks } from './marks.ts'
import type { Model } from '../models/model.ts'
import type { NamedTools } from '../tools/named-tools.ts'
import type { PromptSet } from './prompts/prompt-set.ts'

/**
 * Why a day in the app ended. `released`: this process is stopping, another one goes on from the
 * journal. `context`: the conversation became longer than the model takes. `unknown_tools`: it kept
 * calling tools that do not exist.
 */
export type EndReason =
  | 'end_turn'
  | 'walked_away'
  | LimitReason
  | 'daily_budget'
  | 'max_tokens'
  | 'context'
  | 'unknown_tools'
  | 'refusal'
  | Interruption
  | `stop:${string}`

/** Something from outside wants the day to end at the next step. */
export type Interruption = 'timeout' | 'cancelled' | 'released'

export interface DayContext {
  model: Model
  tools: NamedTools
  prompts: PromptSet
  /** The persona and the frame around it. */
  system: string
  /** Around what the app says, and against leaks of the system prompt. */
  marks: Marks
  journal: DayJournal
  limits: Limits
  budget: Budget
  /** What the persona puts up with, in points (`patience.ts`). */
  patience: number
  /** Tokens of one reply at most. */
  maxReplyTokens: number
  /** Aborts a tool call under way; asked together with `interruption`. */
  signal: AbortSignal
  /**
   * Aborts a model call under way. On a polite stop sooner than `signal`: asking again repeats no
   * effect.
   */
  modelSignal: AbortSignal
  interruption: () => Interruption | null
  /** Milliseconds until the run's time is over. */
  remainingMs: () => number
}
