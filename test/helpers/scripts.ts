import type { Script, ScriptedReply } from 'scripted-claude/scripted-reply'

/** Plays the replies in order, by the number of assistant messages so far; the last one repeats. */
export function sequence (replies: ScriptedReply[]): Script {
  return (_request, { index }) => replies[Math.min(index, replies.length - 1)] ?? {}
}

/** Calls the same tool in every turn, for ever: whoever drives it has to have a limit. */
export function neverStops (toolName: string, input: Record<string, unknown> = {}): Script {
  return () => ({ toolCalls: [{ name: toolName, input }] })
}
