import { setImmediate as breathe } from 'node:timers/promises'
import { canaryFinder, marksOf } from '../agent/marks.ts'
import type { NewIncident } from '../../analysis/incidents/repository.ts'
import { suspicionsIn, type Suspicion } from '../../analysis/incidents/suspicion.ts'
import type { MarkedPersona } from '../../personas/repository.ts'
import { oneLine } from '../../platform/text.ts'
import type { RunRecord } from './run-record.ts'

/** Other runs and pages of this process go on in between. About a millisecond. */
const SLICE_CHARS = 20_000

/**
 * Everything in a run that looks as if somebody wanted to steer it, or as if its prompt had leaked.
 * Computed from its record alone, so that nothing is lost with a worker that dies.
 */
export async function findIncidents (
  runId: string,
  { persona, markKey }: MarkedPersona,
  { calls, replies }: RunRecord
): Promise<NewIncident[]> {
  const found: NewIncident[] = []
  const add = (ordinal: number | null, suspicions: Suspicion[]) => {
    found.push(
      ...suspicions.map(suspicion => ({ ...suspicion, runId, personaId: persona.id, ordinal }))
    )
  }
  let looked = 0
  for (const { ordinal, result, resultText } of calls) {
    // What stands in a rejected action are our own words.
    if (result === 'rejected' || resultText === '') continue
    add(ordinal, suspicionsIn(resultText))
    looked += resultText.length
    if (looked < SLICE_CHARS) continue
    looked = 0
    await breathe()
  }
  const holdsCanary = canaryFinder(marksOf(markKey))
  for (const block of repliedBlocks(replies)) {
    const words = block.type === 'text' ? block.text ?? '' : JSON.stringify(block.input ?? null)
    if (!holdsCanary(words)) continue
    add(
      calls.find(call => call.toolUseId === block.id && block.id !== undefined)?.ordinal ?? null,
      [{ kind: 'prompt_leak', excerpt: oneLine(words, 240) }]
    )
  }
  return found
}

interface RepliedBlock {
  type: string
  id?: string
  text?: string
  input?: unknown
}

function repliedBlocks (replies: object[][]): RepliedBlock[] {
  return replies.flatMap(content => content as RepliedBlock[]).filter(block =>
    block.type === 'text' || block.type === 'tool_use'
  )
}
