import {
  isActingReply,
  spokenText,
  executableCalls,
  toolUses,
  type AssistantMessage,
  type JournaledMessage
} from './history.ts'

/** Replies that ran out of tokens, and what the persona said all the same. Pure. */

export function isCutCall (reply: AssistantMessage): boolean {
  return reply.stopReason === 'max_tokens' && toolUses(reply).length > 0
}

export function isCutText (reply: AssistantMessage): boolean {
  return reply.stopReason === 'max_tokens' && toolUses(reply).length === 0
}

/**
 * How many of the latest replies of the acting phase are so, without another between them: one
 * incident.
 */
export function repliesInARow (
  journal: readonly JournaledMessage[],
  isSo: (reply: AssistantMessage) => boolean
): number {
  const replies = journal.filter(isActingReply)
  return replies.length - 1 - replies.findLastIndex(reply => !isSo(reply))
}

/**
 * The sentence that the persona closed its day with, from where it was last cut off, and marked
 * where it still was when the day ended; null when it did not get that far.
 */
export function daySummary (journal: readonly JournaledMessage[]): string | null {
  const replies = journal.filter(isActingReply)
  const last = replies.at(-1)
  if (last === undefined || executableCalls(last).length > 0) return null
  const before = repliesInARow(replies.slice(0, -1), isCutText)
  const said = replies.slice(-1 - before).map(spokenText).filter(text => text !== '').join(' ')
  return said !== '' && last.stopReason === 'max_tokens' ? `${said} …` : said || null
}
