import type { Accounts } from '../accounts/account.ts'
import { listRunActions } from '../actions/repository.ts'
import type { DayContext, EndReason, Interruption } from '../agent/day.ts'
import { act, daySummary } from '../agent/loop.ts'
import type { Model } from '../agent/model.ts'
import { nameTools } from '../agent/named-tools.ts'
import type { ActionLine } from '../agent/prompts/prompt-set.ts'
import { promptsFor, promptVersion } from '../agent/prompts/prompts.ts'
import { reflect } from '../agent/reflect.ts'
import type { Toolbox } from '../agent/toolbox.ts'
import type { Queryable } from '../db/database.ts'
import { codeOf, messageOf, RunLostError } from '../errors.ts'
import { insertRatings, insertUnreadable } from '../feedback/repository.ts'
import { favouriteModules, today } from '../personas/character.ts'
import { getPersona, recordFailure, recordLived } from '../personas/repository.ts'
import type { Persona } from '../personas/schemas.ts'
import { oneLine } from '../text.ts'
import { openJournal } from './journal.ts'
import { beginReflecting, finishRun, holdRun, recordCostliestModule, recordPromptVersion, type TakenRun } from './repository.ts'
import { finalStateFor, wasLived, type RunEnd } from './states.ts'

export interface RunDependencies {
  db: Queryable
  model: Model
  accounts: Accounts
  /** Opens the app's tools with the headers of one persona. */
  openToolbox (headers: Record<string, string>, signal: AbortSignal): Promise<Toolbox>
  limits: { maxTurns: number, maxReplyTokens: number, runTimeoutMs: number }
}

/** What became of a run in this process. `released` and `lost` leave it open for another worker. */
export type RunOutcome = { kind: 'final', end: RunEnd } | { kind: 'released' } | { kind: 'lost' }

/**
 * How long a run may go on once this process was asked to stop: to the next journaled step, but not for ever.
 */
const STOP_GRACE_MS = 15_000

/**
 * Lives one persona's day: sign in, open the app, act, reflect, finish. Every step is journaled as it
 * happens, so that another worker goes on where this one stops. What goes wrong in the day becomes the run's
 * end and never an exception; only a failing database throws.
 * @param stop aborted when this process is asked to stop
 */
export async function executeRun (deps: RunDependencies, taken: TakenRun, stop: AbortSignal): Promise<RunOutcome> {
  const { db } = deps
  const persona = await getPersona(db, taken.run.personaId)
  const watch = watchRun(stop, deps.limits.runTimeoutMs - taken.ageMs)
  try {
    const end = await live(deps, taken, persona, watch)
    if (end === 'released') return { kind: 'released' }
    await finish(db, taken, end)
    return { kind: 'final', end }
  } catch (error) {
    if (error instanceof RunLostError) return { kind: 'lost' }
    const interruption = watch.interruption()
    if (interruption === 'released') return { kind: 'released' }
    const end: RunEnd = interruption !== null
      ? { state: 'incomplete', endReason: interruption }
      : { state: 'failed', endReason: null, errorCode: codeOf(error), errorMessage: oneLine(messageOf(error), 1000) }
    if (codeOf(error) === 'INTERNAL' && interruption === null) throw error
    await finish(db, taken, end)
    return { kind: 'final', end }
  } finally {
    watch.end()
  }
}

async function live (deps: RunDependencies, taken: TakenRun, persona: Persona, watch: RunWatch): Promise<RunEnd | 'released'> {
  const account = await deps.accounts.signIn(persona, watch.signal)
  const toolbox = await deps.openToolbox(account.headers, watch.signal)
  try {
    const prompts = promptsFor(persona.locale)
    const journal = await openJournal(deps.db, taken.lease, persona.id, held => { if (held.cancelRequested) watch.cancel() })
    const day: DayContext = {
      model: deps.model,
      tools: nameTools(toolbox),
      prompts,
      system: prompts.system(persona),
      journal,
      maxTurns: deps.limits.maxTurns,
      maxReplyTokens: deps.limits.maxReplyTokens,
      signal: watch.signal,
      interruption: watch.interruption
    }
    if (journal.messages.length === 0) {
      await recordPromptVersion(deps.db, taken.lease, promptVersion(persona.locale))
      const text = prompts.day({ today: today(persona), favouriteModules: favouriteModules(persona) })
      await journal.append({ phase: 'acting', role: 'user', content: [{ type: 'text', text }], stopReason: null })
    }
    return await actAndReflect(deps.db, taken, day)
  } finally {
    await toolbox.close()
  }
}

async function actAndReflect (db: Queryable, taken: TakenRun, day: DayContext): Promise<RunEnd | 'released'> {
  const resumed = taken.run.state === 'reflecting' ? taken.run.endReason as EndReason | null : null
  const endReason = resumed ?? await act(day)
  if (endReason === 'released') return 'released'
  const end: RunEnd = { state: finalStateFor(endReason), endReason, daySummary: daySummary(day.journal.messages) }
  if (endReason === 'timeout' || endReason === 'cancelled') return end

  const actions = await actionLines(db, taken.lease.runId)
  if (actions.length === 0) return end // nothing was used, so there is nothing to rate
  await beginReflecting(db, taken.lease, { endReason, daySummary: end.daySummary ?? null })
  const reflection = await reflect(day, actions, endReason === 'max_turns' ? day.prompts.dayCutShort.max_turns : null)
  if (reflection === 'released') return 'released'
  if (typeof reflection === 'string') return { ...end, state: 'incomplete', endReason: reflection }
  const rated = { tickId: taken.lease.runId, personaId: taken.run.personaId }
  await db.transaction().execute(async trx => {
    await holdRun(trx, taken.lease)
    if (!reflection.ok) return insertUnreadable(trx, rated, reflection.rawText, reflection.problems.join('; '))
    await insertRatings(trx, rated, reflection.ratings)
    await recordCostliestModule(trx, taken.lease, reflection.costliestModule)
  })
  return end
}

/**
 * What the persona is reminded of when it rates. Calls that never reached the app say nothing about a module.
 */
async function actionLines (db: Queryable, runId: string): Promise<ActionLine[]> {
  const rows = await listRunActions(db, runId)
  return rows.flatMap(row => row.result === 'started' || row.result === 'rejected'
    ? []
    : [{ number: row.ordinal + 1, toolName: row.tool_name, module: row.module, outcome: row.result }])
}

/** The run's end and the persona's next due time, together or not at all. */
async function finish (db: Queryable, taken: TakenRun, end: RunEnd): Promise<void> {
  await db.transaction().execute(async trx => {
    await finishRun(trx, taken.lease, end)
    await (wasLived(end.state) ? recordLived : recordFailure)(trx, taken.run.personaId)
  })
}

interface RunWatch {
  signal: AbortSignal
  interruption (): Interruption | null
  cancel (): void
  end (): void
}

/**
 * Gathers everything that may end a run from outside: its time limit, an operator, the stop of this process.
 */
function watchRun (stop: AbortSignal, remainingMs: number): RunWatch {
  const controller = new AbortController()
  let interruption: Interruption | null = null
  const interrupt = (why: Interruption, graceMs: number) => {
    interruption ??= why
    return setTimeout(() => controller.abort(new Error(why)), graceMs)
  }
  const timers = [setTimeout(() => interrupt('timeout', 0), Math.max(0, remainingMs))]
  const onStop = () => { timers.push(interrupt('released', STOP_GRACE_MS)) }
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  return {
    signal: controller.signal,
    interruption: () => interruption,
    cancel: () => { timers.push(interrupt('cancelled', 0)) },
    end () {
      timers.forEach(clearTimeout)
      stop.removeEventListener('abort', onStop)
    }
  }
}
