import type { Budget } from '../../src/runner/models/budget.ts'
import type { Limits } from '../../src/runner/agent/limits.ts'

/** Limits that no test meets by accident. */
export const WIDE_LIMITS: Limits = {
  maxTurns: 200,
  maxToolCalls: 1000,
  maxInputTokens: 10_000_000,
  maxOutputTokens: 1_000_000,
  maxUsd: null
}

export const RUN_LIMITS = {
  ...WIDE_LIMITS,
  maxTurns: 15,
  maxReplyTokens: 4000,
  runTimeoutMs: 60_000,
  dailyBudgetUsd: null
}

/** As where no budget is set. */
export const NO_BUDGET: Budget = { admit: async () => true, giveUp: async () => {} }
