import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queryable } from '../db/database.ts'
import { RunOpenError } from '../errors.ts'
import { getPersona, takeDue } from '../personas/repository.ts'
import type { RunQueue } from './queue.ts'
import { countOpen, finalRuns, openRuns, type OpenedRun } from './repository.ts'
import { readPause } from './runner-state.ts'
import type { Run, TickResult } from './schemas.ts'
import { isFinal, wasLived } from './states.ts'

export interface Tick {
  /** Null when the tick found nobody. */
  id: string | null
  paused: boolean
  opened: (OpenedRun & { email: string })[]
}

const NOBODY: Tick = { id: null, paused: false, opened: [] }

/**
 * One tick: finds who is due, opens a run for each and puts it in the queue, in one transaction. Any number
 * of processes may tick at once.
 */
export async function tick (db: Queryable, queue: RunQueue, { queueLimit }: { queueLimit: number }): Promise<Tick> {
  if ((await readPause(db)).paused) return { ...NOBODY, paused: true }
  const room = queueLimit - (await countOpen(db)).queued
  if (room <= 0) return NOBODY
  const id = randomUUID()
  return db.transaction().execute(async trx => {
    const due = await takeDue(trx, { limit: room })
    const emails = new Map(due.map(persona => [persona.id, persona.email]))
    const opened = await openRuns(trx, due, id)
    await queue.enqueue(trx, opened.map(run => run.runId))
    return { id: opened.length > 0 ? id : null, paused: false, opened: opened.map(run => ({ ...run, email: emails.get(run.personaId) ?? '' })) }
  })
}

/**
 * Opens a run for one persona because an operator says so, due or not. @throws PersonaNotFoundError,
 * RunOpenError
 */
export async function runNow (db: Queryable, queue: RunQueue, personaId: string): Promise<OpenedRun> {
  const persona = await getPersona(db, personaId)
  return db.transaction().execute(async trx => {
    const [run] = await openRuns(trx, [persona], null)
    if (run === undefined) throw new RunOpenError(persona.id)
    await queue.enqueue(trx, [run.runId])
    return run
  })
}

const LOOK_EVERY_MS = 200

/** Waits until all runs of a tick are final, whichever process lives them. */
export async function awaitTick (db: Queryable, tick: Tick, signal?: AbortSignal): Promise<TickResult> {
  const startedAt = performance.now()
  const emails = new Map(tick.opened.map(run => [run.runId, run.email]))
  let final: Run[] = []
  while (emails.size > 0) {
    final = await finalRuns(db, [...emails.keys()])
    if (final.length >= emails.size) break
    await sleep(LOOK_EVERY_MS, undefined, signal === undefined ? {} : { signal })
  }
  return {
    due: emails.size,
    ranSuccessfully: final.filter(run => isFinal(run.state) && wasLived(run.state)).length,
    failed: final.filter(run => isFinal(run.state) && !wasLived(run.state))
      .map(run => ({ persona: emails.get(run.id) ?? '', error: `${run.errorCode ?? 'INTERNAL'}: ${run.errorMessage ?? ''}` })),
    durationMs: Math.round(performance.now() - startedAt)
  }
}
