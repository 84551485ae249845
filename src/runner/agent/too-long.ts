import type { JournaledMessage } from './history.ts'
import { TOO_LONG, type ToolResultBlock, type UserBlock } from '../models/model.ts'

/**
 * A conversation that is longer than the model takes. Once in a run, what the app answered longest
 * ago is taken out of it. Pure, and from the journal alone: from the reply that says so on, whoever
 * goes on with the run sends the same.
 */

/** Nothing more can be done about it: it was shortened already, or there is nothing to take out. */
export function isHopelesslyLong (journal: readonly JournaledMessage[]): boolean {
  const [first, second] = journal.filter(message => message.stopReason === TOO_LONG)
  return second !== undefined ||
    (first !== undefined && resultsBefore(journal, first.seq).length === 0)
}

/**
 * The journal as it may be sent: of all results up to where it got too long the oldest are replaced
 * by a note, until half of their bytes are gone.
 * @param note says how many bytes were left out
 */
export function shortened (
  journal: readonly JournaledMessage[],
  note: (omittedBytes: number) => string
): JournaledMessage[] {
  const mark = journal.find(message => message.stopReason === TOO_LONG)
  if (mark === undefined) return [...journal]
  const omitted = oldestHalf(resultsBefore(journal, mark.seq))
  const shorten = (block: UserBlock): UserBlock =>
    block.type === 'tool_result' && omitted.has(block)
      ? { ...block, content: note(bytesOf(block)) }
      : block
  return journal.map(message =>
    message.role === 'user' ? { ...message, content: message.content.map(shorten) } : message
  )
}

function resultsBefore (journal: readonly JournaledMessage[], seq: number): ToolResultBlock[] {
  return journal.filter(message => message.role === 'user' && message.seq < seq)
    .flatMap(message => message.role === 'user' ? message.content : [])
    .filter(block => block.type === 'tool_result')
}

function oldestHalf (results: ToolResultBlock[]): Set<ToolResultBlock> {
  const half = results.reduce((sum, result) => sum + bytesOf(result), 0) / 2
  const omitted = new Set<ToolResultBlock>()
  let bytes = 0
  for (const result of results) {
    if (bytes >= half) break
    bytes += bytesOf(result)
    omitted.add(result)
  }
  return omitted
}

function bytesOf (result: ToolResultBlock): number {
  return Buffer.byteLength(result.content)
}
