import type { DayContext, EndReason } from './day.ts'
import { askModel, journalReply } from './ask-model.ts'
import { spokenText, type JournaledMessage } from './history.ts'
import { TOO_LONG } from '../models/model.ts'
import type { ActionLine } from './prompts/prompt-set.ts'
import { isHopelesslyLong } from './too-long.ts'
import { readAnswer, type ReadAnswer } from '../../analysis/feedback/answer.ts'
import { checkEvidence } from '../../analysis/feedback/evidence.ts'
import type { CheckedRating } from '../../analysis/feedback/schemas.ts'

/** An action of the day with what the app answered, which quotes are looked up in. */
export interface LivedAction extends ActionLine {
  resultText: string
}

export interface ReadReflection {
  ok: true
  ratings: CheckedRating[]
  costliestModule: string | null
  /** As the persona wrote it; read by `personas/diaries/diary.ts`. */
  diary: unknown
}

/**
 * `ok: false`: neither the answer nor its repair could be read; `rawText` is what was said last.
 */
export type Reflection =
  | ReadReflection
  | { ok: false, rawText: string, problems: string[] }
  | EndReason

/** One repair question, whether an answer could not be read or its evidence does not hold. */
const MAX_ANSWERS = 2

/**
 * The reflecting phase: in the same conversation and with the same tools (a change of either would
 * lose the prompt cache), but none is executed. Goes on from the journal like the acting phase.
 * @param actions what the persona did; some of it must have reached the app (`modulesUsed`)
 * @param opening said first, where something ended its day
 */
export async function reflect (
  day: DayContext,
  actions: LivedAction[],
  opening: string | null
): Promise<Reflection> {
  const modules = modulesUsed(actions)
  for (;;) {
    if (isHopelesslyLong(day.journal.messages)) return 'context'
    const said = day.journal.messages.filter(message =>
      message.phase === 'reflecting' && message.stopReason !== TOO_LONG
    )
    const last = said.at(-1)
    if (last === undefined) {
      await ask(
        day,
        [opening, day.prompts.reflect({ modules, actions })].filter(text => text !== null).join(
          '\n\n'
        )
      )
    } else if (last.role === 'user') {
      const reply = await askModel(day, 'reflecting')
      if (typeof reply === 'string') return reply
      await journalReply(day, 'reflecting', reply)
    } else {
      const answers = said.filter(message => message.role === 'assistant').map(spokenText)
      const judged = answers.map(text => judge(readAnswer(text, modules), actions))
      const problems = judged.at(-1)?.problems ?? []
      if (problems.length === 0 || answers.length >= MAX_ANSWERS) {
        return conclude(judged, answers.at(-1) ?? '')
      }
      await ask(day, day.prompts.repair(problems))
    }
  }
}

/** Calls that never reached the app say nothing about a module. */
export function modulesUsed (actions: ActionLine[]): string[] {
  return [
    ...new Set(actions.filter(action => action.outcome !== 'rejected').map(action => action.module))
  ]
}

interface Judged {
  read: ReadReflection | null
  problems: string[]
}

/** Looks up the evidence of an answer that could be read. */
function judge (answer: ReadAnswer, actions: LivedAction[]): Judged {
  if (!answer.ok) return { read: null, problems: answer.problems }
  const citable = actions.map(action => ({ ...action, result: action.outcome }))
  const ratings = answer.ratings.map((rating): CheckedRating => {
    const checked = checkEvidence(rating, citable)
    return {
      ...rating,
      grounded: checked.grounded,
      ungroundedReason: checked.grounded ? null : checked.reason
    }
  })
  const problems = ratings.flatMap(rating =>
    rating.grounded ? [] : [`"${rating.module}": ${rating.ungroundedReason}`]
  )
  return { read: { ...answer, ratings }, problems }
}

/**
 * The latest answer that could be read counts, ungrounded ratings marked; an unreadable repair does
 * not undo the first.
 */
function conclude (judged: Judged[], rawText: string): Reflection {
  const read = judged.findLast(answer => answer.read !== null)?.read
  return read ?? { ok: false, rawText, problems: judged.at(-1)?.problems ?? [] }
}

function ask (day: DayContext, text: string): Promise<JournaledMessage> {
  return day.journal.append({
    phase: 'reflecting',
    role: 'user',
    content: [{ type: 'text', text }],
    stopReason: null
  })
}
