import type { DayJournal } from './day-journal.ts'
import type { Model } from './model.ts'
import type { NamedTools } from './named-tools.ts'
import type { PromptSet } from './prompts/prompt-set.ts'

/** Why a day in the app ended. `released`: this process is stopping, another one goes on from the journal. */
export type EndReason = 'end_turn' | 'walked_away' | 'max_turns' | 'max_tokens' | 'refusal' | 'timeout' | 'cancelled' | 'released' | `stop:${string}`

/** Something from outside wants the day to end at the next step. */
export type Interruption = 'timeout' | 'cancelled' | 'released'

export interface DayContext {
  model: Model
  tools: NamedTools
  prompts: PromptSet
  /** The persona and the frame around it. */
  system: string
  journal: DayJournal
  maxTurns: number
  /** What the persona puts up with, in points (`patience.ts`). */
  patience: number
  /** Tokens of one reply at most. */
  maxReplyTokens: number
  /** Aborts what is under way; asked together with `interruption`. */
  signal: AbortSignal
  interruption: () => Interruption | null
}
