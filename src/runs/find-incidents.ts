import { setImmediate as breathe } from 'node:timers/promises'
import { holdsCanary, marksOf } from '../agent/marks.ts'
import type { Queryable } from '../db/database.ts'
import type { ActionRow } from '../db/tables.ts'
import type { NewIncident } from '../incidents/repository.ts'
import { suspicionsIn, type Suspicion } from '../incidents/suspicion.ts'
import type { MarkedPersona } from '../personas/repository.ts'
import { oneLine } from '../text.ts'
import { listReplies } from './journal.ts'

/**
 * Everything in a run that looks as if somebody wanted to steer it, or as if its prompt had leaked. Computed from what is
 * stored alone, so that nothing is lost with a worker that dies.
 */
export async function findIncidents (
  db: Queryable, runId: string, { persona, markKey }: MarkedPersona, actions: ActionRow[]
): Promise<NewIncident[]> {
  const found: NewIncident[] = []
  const add = (ordinal: number | null, suspicions: Suspicion[]) => {
    found.push(...suspicions.map(suspicion => ({ ...suspicion, runId, personaId: persona.id, ordinal })))
  }
  for (const { ordinal, result, result_text: said } of actions) {
    // What stands in a rejected action are our own words.
    if (result === 'rejected' || said === null) continue
    add(ordinal, suspicionsIn(said))
    await breathe()
  }
  const marks = marksOf(markKey)
  for (const block of await repliedBlocks(db, runId)) {
    const words = block.type === 'text' ? block.text ?? '' : JSON.stringify(block.input ?? null)
    if (!holdsCanary(words, marks)) continue
    add(actions.find(action => action.tool_use_id === block.id && block.id !== undefined)?.ordinal ?? null, [{ kind: 'prompt_leak', excerpt: oneLine(words, 240) }])
  }
  return found
}

interface RepliedBlock { type: string, id?: string, text?: string, input?: unknown }

async function repliedBlocks (db: Queryable, runId: string): Promise<RepliedBlock[]> {
  const replies = await listReplies(db, runId)
  return replies.flatMap(content => content as RepliedBlock[]).filter(block => block.type === 'text' || block.type === 'tool_use')
}
