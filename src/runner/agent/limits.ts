import type { DayJournal } from './day-journal.ts'
import { turnsOf } from './history.ts'

/**
 * How far a day may go. Checked before each call of the model, so that none is passed by more than
 * one call.
 */
export interface Limits {
  maxTurns: number
  maxToolCalls: number
  /** What is read from the cache does not count: it costs next to nothing. */
  maxInputTokens: number
  maxOutputTokens: number
  /** Null: no limit, or the price is unknown. */
  maxUsd: number | null
}

export type LimitReason =
  | 'max_turns'
  | 'max_tool_calls'
  | 'max_input_tokens'
  | 'max_output_tokens'
  | 'max_usd'

interface Measured {
  used: number
  limit: number
  unit: string
  reserve: number
}

interface Day {
  journal: DayJournal
  limits: Limits
  maxReplyTokens: number
}

/**
 * The first limit that is reached; null: none.
 * @param phase while acting, so much is kept back that the persona can still be asked for its
 *   ratings
 */
export function limitReached (day: Day, phase: 'acting' | 'reflecting'): LimitReason | null {
  for (const [reason, { used, limit, reserve }] of measure(day)) {
    if (phase === 'reflecting' && (reason === 'max_turns' || reason === 'max_tool_calls')) continue
    // With nothing used yet nothing is kept back, or a small limit would not let a day begin.
    const kept = phase === 'acting' && used > 0 ? Math.min(reserve, limit) : 0
    if (used + kept >= limit) return reason
  }
  return null
}

/** Calls that went out to the app, or may have. */
export function callsSent (journal: DayJournal): number {
  return journal.endedCalls().filter(call => call.result !== 'rejected').length
}

/** How far a limit was used, and by how much it was passed, for the record. */
export function limitDetail (day: Day, reason: string): string | null {
  const found = measure(day).find(([name]) => name === reason)
  if (found === undefined) return null
  const { used, limit, unit } = found[1]
  const number = (value: number) => unit === 'US dollars' ? value.toFixed(4) : String(value)
  const passed = used > limit ? `, ${number(used - limit)} over` : ''
  return `${number(used)} of ${number(limit)} ${unit}${passed}`
}

function measure ({ journal, limits, maxReplyTokens }: Day): [LimitReason, Measured][] {
  const { spent } = journal
  // The question for the ratings comes with the longest prompt of the day.
  const twiceTheUsual = (total: number) => spent.replies === 0 ? 0 : 2 * total / spent.replies
  const measured: [LimitReason, Measured][] = [
    ['max_turns', {
      used: turnsOf(journal.messages),
      limit: limits.maxTurns,
      unit: 'turns',
      reserve: 0
    }],
    ['max_tool_calls', {
      used: callsSent(journal),
      limit: limits.maxToolCalls,
      unit: 'tool calls',
      reserve: 0
    }],
    ['max_input_tokens', {
      used: spent.inputTokens,
      limit: limits.maxInputTokens,
      unit: 'input tokens',
      reserve: twiceTheUsual(spent.inputTokens)
    }],
    ['max_output_tokens', {
      used: spent.outputTokens,
      limit: limits.maxOutputTokens,
      unit: 'output tokens',
      reserve: maxReplyTokens
    }]
  ]
  if (limits.maxUsd !== null && (spent.usd !== null || spent.unansweredUsd > 0)) {
    const forReplies = spent.usd ?? 0
    const used = forReplies + spent.unansweredUsd
    measured.push(['max_usd', {
      used,
      limit: limits.maxUsd,
      unit: 'US dollars',
      reserve: twiceTheUsual(forReplies)
    }])
  }
  return measured
}
