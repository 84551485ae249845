import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queryable } from '../../platform/db/database.ts'
import { RunOpenError } from '../../platform/errors.ts'
import { listBreakers, nameOf, type AllServices, type Breaker } from './breakers.ts'
import { getPersona, serverTime, takeDue } from '../../personas/repository.ts'
import type { Persona } from '../../personas/schemas.ts'
import type { QueuedRun, RunQueue } from './queue.ts'
import { countOpen, openRuns, settledRuns, type OpenedRun } from './repository.ts'
import { readPause } from './runner-state.ts'
import type { Run, TickResult } from './schemas.ts'
import { isBudgetUsedUp } from './spending.ts'
import { isFinal, wasLived } from './states.ts'

export interface Tick {
  /** Null when no persona was due. */
  id: string | null
  paused: boolean
  /** Why none was opened although some may be due; null: nothing holds them up. */
  heldUpBy: string | null
  opened: (OpenedRun & { email: string })[]
}

const NOBODY: Tick = { id: null, paused: false, heldUpBy: null, opened: [] }

interface TickOptions {
  /** How many runs may wait in the queue. */
  queueLimit: number
  services: AllServices
  /** Null: no budget. */
  dailyBudgetUsd: number | null
}

/**
 * One tick: finds who is due, opens a run for each and puts it in the queue, in one transaction.
 * Any number of processes may tick at once.
 */
export async function tick (
  db: Queryable,
  queue: RunQueue,
  { queueLimit, services, dailyBudgetUsd }: TickOptions
): Promise<Tick> {
  if ((await readPause(db)).paused) return { ...NOBODY, paused: true }
  const breakers = await listBreakers(db, services)
  const open = whatHoldsUpAll(breakers, services)
  if (open !== undefined) {
    return {
      ...NOBODY,
      heldUpBy: `${
        nameOf(open)
      } is out of order (${open.code}) and is asked again at ${open.openUntil}`
    }
  }
  if (await isBudgetUsedUp(db, dailyBudgetUsd)) {
    return { ...NOBODY, heldUpBy: 'the budget of this day (UTC) is used up' }
  }
  const { queued } = await countOpen(db)
  const room = Math.min(
    queueLimit - queued,
    breakers.some(breaker => breaker.app === null) ? 1 : Infinity
  )
  if (room <= 0) return NOBODY
  const id = randomUUID()
  const ticked = await db.transaction().execute(async trx => {
    const due = await takeDueIn(trx, room, breakers.filter(breaker => breaker.app !== null))
    const emails = new Map(due.map(persona => [persona.id, persona.email]))
    const opened = await openRuns(trx, due, id)
    await queue.enqueue(trx, spread(opened, due, Date.parse(await serverTime(trx))))
    return {
      ...NOBODY,
      id: opened.length > 0 ? id : null,
      opened: opened.map(run => ({ ...run, email: emails.get(run.personaId) ?? '' }))
    }
  })
  if (ticked.opened.length > 0) queue.wake()
  return ticked
}

/** An open breaker: that of the model, or where all apps have one, theirs. */
function whatHoldsUpAll (breakers: Breaker[], { apps }: AllServices): Breaker | undefined {
  const open = breakers.filter(breaker => breaker.state === 'open')
  const ofApps = open.filter(breaker => breaker.app !== null)
  return open.find(breaker => breaker.app === null) ??
    (ofApps.length === apps.size ? ofApps[0] : undefined)
}

/**
 * Leaves out who lives in an app that is out of order. Half-open: one more is enough to find out
 * whether a service has recovered.
 */
async function takeDueIn (trx: Queryable, room: number, breakers: Breaker[]): Promise<Persona[]> {
  if (breakers.length === 0) return takeDue(trx, { limit: room })
  const held = breakers.flatMap(({ app }) => app ?? [])
  const due = await takeDue(trx, { limit: room, notApps: held })
  for (const { app, state } of breakers) {
    if (app !== null && state === 'half-open' && due.length < room) {
      due.push(...await takeDue(trx, { limit: 1, onlyApp: app }))
    }
  }
  return due
}

const HOUR_MS = 3_600_000
const PERIOD_MS: Record<Persona['tickCadence'], number> = {
  hourly: HOUR_MS,
  daily: 24 * HOUR_MS,
  weekdays: 24 * HOUR_MS
}
/** Fewer than this are no crowd. */
const CROWD = 10
const LONGEST_SPREAD_MS = 600_000

/**
 * After a long stop, or a weekend, many are due at once: each comes within a second per head, at
 * random.
 * @param now by the clock that decides who is due
 */
function spread (opened: OpenedRun[], due: Persona[], now: number): QueuedRun[] {
  const isLate = ({ tickCadence, lastActiveAt }: Persona) =>
    lastActiveAt !== null && now - Date.parse(lastActiveAt) > PERIOD_MS[tickCadence] + HOUR_MS
  const late = new Set(due.filter(isLate).map(persona => persona.id))
  const withinMs = late.size > CROWD ? Math.min(LONGEST_SPREAD_MS, late.size * 1000) : 0
  return opened.map(({ runId, personaId }) => ({
    runId,
    afterMs: late.has(personaId) ? Math.random() * withinMs : 0
  }))
}

/**
 * Opens a run for one persona because an operator says so, due or not. @throws
 * PersonaNotFoundError, RunOpenError
 */
export async function runNow (
  db: Queryable,
  queue: RunQueue,
  personaId: string
): Promise<OpenedRun> {
  const persona = await getPersona(db, personaId)
  const opened = await db.transaction().execute(async trx => {
    const [run] = await openRuns(trx, [persona], null)
    if (run === undefined) throw new RunOpenError(persona.id)
    await queue.enqueue(trx, [run])
    return run
  })
  queue.wake()
  return opened
}

/** The time between two looks at the rows of a tick: doubled from the first to the last. */
const LOOK_MS = { first: 25, last: 200 }

/** Waits until all runs of a tick are final or deferred, whichever process lives them. */
export async function awaitTick (
  db: Queryable,
  tick: Tick,
  signal?: AbortSignal
): Promise<TickResult> {
  const startedAt = performance.now()
  const emails = new Map(tick.opened.map(run => [run.runId, run.email]))
  let settled: Run[] = []
  for (let pauseMs = LOOK_MS.first; emails.size > 0; pauseMs *= 2) {
    settled = await settledRuns(db, [...emails.keys()])
    if (settled.length >= emails.size) break
    await sleep(Math.min(pauseMs, LOOK_MS.last), undefined, signal === undefined ? {} : { signal })
  }
  return {
    due: emails.size,
    ranSuccessfully: settled.filter(run => isFinal(run.state) && wasLived(run.state)).length,
    failed: settled.filter(run => !(isFinal(run.state) && wasLived(run.state)))
      .map(run => ({ persona: emails.get(run.id) ?? '', error: whyNotLived(run) })),
    durationMs: Math.round(performance.now() - startedAt)
  }
}

function whyNotLived (run: Run): string {
  return isFinal(run.state)
    ? `${run.errorCode ?? 'INTERNAL'}: ${run.errorMessage ?? ''}`
    : `DEFERRED until ${run.deferredUntil ?? 'soon'}: ${run.deferredFor ?? ''}`
}
