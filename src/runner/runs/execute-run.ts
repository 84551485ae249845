import type { Account, Accounts } from '../accounts/account.ts'
import type { DayContext, EndReason } from '../agent/day.ts'
import { daySummary } from '../agent/cut-off.ts'
import { refusalDetail } from '../agent/history.ts'
import { act } from '../agent/loop.ts'
import { limitDetail, type Limits } from '../agent/limits.ts'
import { marksOf } from '../agent/marks.ts'
import type { Model } from '../models/model.ts'
import { promptsFor, promptVersion } from '../agent/prompts/prompts.ts'
import { modulesUsed, reflect, type LivedAction } from '../agent/reflect.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import { walkedAwayOver } from '../agent/walk-away.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { renderDiary } from '../../personas/diaries/diary.ts'
import { loadDiary } from '../../personas/diaries/repository.ts'
import {
  AppError,
  codeOf,
  messageOf,
  PersonaNotFoundError,
  RunLostError,
  type Outage
} from '../../platform/errors.ts'
import { favouriteModules, today } from '../../personas/character.ts'
import { getMarkedPersona, type MarkedPersona } from '../../personas/repository.ts'
import { oneLine } from '../../platform/text.ts'
import { openJournal, type RunJournal } from './journal.ts'
import { recordEnd, type DayEnd } from './record-end.ts'
import { heldForReflecting, heldForTerms, type TakenRun } from './repository.ts'
import { watchRun, type RunWatch } from './run-watch.ts'
import {
  mustHaveRoom,
  mustHaveTools,
  rememberRefused,
  showTools,
  type ShowDependencies
} from './shown-tools.ts'
import { budgetDetail, budgetOf } from './spending.ts'
import { finalStateFor, type RunEnd } from './states.ts'

/** The app that a persona lives in. */
export interface AppUnderTest extends Pick<ShowDependencies, 'modules'> {
  accounts: Accounts
  /** Opens the app's tools with the account of one persona. */
  openToolbox(account: Account, signal: AbortSignal): Promise<Toolbox>
  toolPolicy: ShowDependencies['toolPolicy']
}

export interface RunDependencies extends AppUnderTest, Pick<ShowDependencies, 'onToolNews'> {
  db: Queryable
  model: Model
  limits: Limits & { maxReplyTokens: number, runTimeoutMs: number, dailyBudgetUsd: number | null }
}

type OnAnswer = (service: Outage['service']) => Promise<void>

/** What became of a run in this process. All but `final` leave it open. */
export type RunOutcome =
  | { kind: 'final', end: RunEnd }
  | { kind: 'released' }
  | { kind: 'lost' }
  | { kind: 'deferred', outage: Outage, end: RunEnd }

/**
 * Lives one persona's day: sign in, open the app, act, reflect, finish. Every step is journaled as
 * it happens, so that another worker goes on where this one stops. What goes wrong in the day
 * becomes the run's end and never an exception; only a failing database throws.
 * @param stop aborted when this process is asked to stop
 * @param onAnswer told when a service has answered: it is not out of order
 */
export async function executeRun (
  deps: RunDependencies,
  taken: TakenRun,
  stop: AbortSignal,
  onAnswer: OnAnswer = async () => {}
): Promise<RunOutcome> {
  const { db } = deps
  const marked = await getMarkedPersona(db, taken.run.personaId)
  const watch = watchRun(stop, deps.limits.runTimeoutMs - taken.ageMs)
  try {
    const day = await live(deps, taken, marked, watch, onAnswer)
    if (day === 'released') return { kind: 'released' }
    await recordEnd(db, taken, marked, day)
    return { kind: 'final', end: day.end }
  } catch (error) {
    // A persona that was deleted took its run along.
    if (error instanceof RunLostError || error instanceof PersonaNotFoundError) {
      return { kind: 'lost' }
    }
    const interruption = watch.interruption()
    if (interruption === 'released') return { kind: 'released' }
    const end: RunEnd = interruption !== null
      ? { state: 'incomplete', endReason: interruption }
      : {
        state: 'failed',
        endReason: null,
        errorCode: codeOf(error),
        errorMessage: oneLine(messageOf(error), 1000)
      }
    if (codeOf(error) === 'INTERNAL' && interruption === null) throw error
    if (error instanceof AppError && error.outage !== undefined && interruption === null) {
      return { kind: 'deferred', outage: error.outage, end }
    }
    await recordEnd(db, taken, marked, { end, reflection: null })
    return { kind: 'final', end }
  } finally {
    watch.end()
  }
}

async function live (
  deps: RunDependencies,
  taken: TakenRun,
  { persona, markKey }: MarkedPersona,
  watch: RunWatch,
  onAnswer: OnAnswer
): Promise<DayEnd | 'released'> {
  const account = await deps.accounts.signIn(persona, watch.modelSignal)
  const toolbox = await deps.openToolbox(account, watch.modelSignal)
  try {
    await onAnswer('app')
    const { app } = taken.run
    const { tools, moduleOf } = await showTools(deps, app, toolbox)
    const prompts = promptsFor(persona.locale)
    const journal = await openJournal(deps.db, taken, held => {
      if (held.cancelRequested) watch.cancel()
    }, moduleOf)
    const marks = marksOf(markKey)
    const day: DayContext = {
      model: {
        ...deps.model,
        complete: (...request) =>
          deps.model.complete(...request).then(async reply => {
            await onAnswer('model')
            return reply
          })
      },
      tools,
      prompts,
      system: prompts.system(persona, marks),
      marks,
      journal,
      patience: persona.patience,
      limits: deps.limits,
      budget: budgetOf(deps.db, taken.lease, deps.limits.dailyBudgetUsd, journal.makeSure),
      maxReplyTokens: deps.limits.maxReplyTokens,
      signal: watch.signal,
      modelSignal: watch.modelSignal,
      interruption: watch.interruption,
      remainingMs: watch.remainingMs
    }
    if (taken.run.state !== 'reflecting') mustHaveTools(deps, app, tools)
    if (journal.messages.length === 0) {
      mustHaveRoom(deps, app, tools)
      await journal.hold(heldForTerms(taken.lease, {
        personaVersion: persona.version,
        promptVersion: promptVersion(persona.locale),
        protocolVersion: toolbox.protocolVersion,
        mcpEra: toolbox.era
      }))
      const diary = renderDiary(await loadDiary(deps.db, persona.id), persona.locale)
      const text = prompts.day({
        today: today(persona),
        favouriteModules: favouriteModules(persona),
        diary
      })
      await journal.append({
        phase: 'acting',
        role: 'user',
        content: [{ type: 'text', text }],
        stopReason: null
      })
    }
    const end = await actAndReflect(deps, taken, { ...day, journal }).finally(async () => {
      await journal.flush()
      await rememberRefused(deps, app, tools)
    })
    return end === 'released' ? end : { ...end, record: journal.record() }
  } finally {
    await toolbox.close()
  }
}

/** Ratings are skipped when time or budget is used up. */
const NOT_ASKED = new Set<EndReason>(['timeout', 'cancelled', 'daily_budget'])

async function actAndReflect (
  { db, limits }: RunDependencies,
  taken: TakenRun,
  day: DayContext & { journal: RunJournal }
): Promise<DayEnd | 'released'> {
  const resumed = taken.run.state === 'reflecting' ? taken.run.endReason as EndReason | null : null
  const endReason = resumed ?? await act(day)
  if (endReason === 'released') return 'released'
  const detailOf = async (reason: EndReason) => {
    if (reason === 'daily_budget' && limits.dailyBudgetUsd !== null) {
      return budgetDetail(db, limits.dailyBudgetUsd)
    }
    return reason === 'refusal' ? refusalDetail(day.journal.messages) : limitDetail(day, reason)
  }
  const endDetail = taken.run.state === 'reflecting'
    ? taken.run.endDetail
    : await detailOf(endReason)
  const end: RunEnd = {
    state: finalStateFor(endReason),
    endReason,
    endDetail,
    daySummary: daySummary(day.journal.messages)
  }
  if (endReason === 'walked_away') end.walkedAwayOver = walkedAwayOver(day)
  const actions = livedActions(day.journal)
  // Where nothing was used there is nothing to rate.
  if (modulesUsed(actions).length === 0 || NOT_ASKED.has(endReason)) {
    return { end, reflection: null }
  }

  await day.journal.hold(
    heldForReflecting(taken.lease, { endReason, endDetail, daySummary: end.daySummary ?? null })
  )
  const { dayCutShort } = day.prompts
  const opening = endReason in dayCutShort
    ? dayCutShort[endReason as keyof typeof dayCutShort]
    : null
  const reflection = await reflect(day, actions, opening)
  if (reflection === 'released') return 'released'
  if (typeof reflection === 'string') {
    return {
      end: {
        ...end,
        state: 'incomplete',
        endReason: reflection,
        endDetail: await detailOf(reflection)
      },
      reflection: null
    }
  }
  return { end, reflection }
}

/** What the persona is reminded of when it rates. */
function livedActions (journal: RunJournal): LivedAction[] {
  return journal.endedCalls().map(({ ordinal, toolName, module, result, resultText }) => ({
    number: ordinal + 1,
    toolName,
    module,
    outcome: result,
    resultText
  }))
}
