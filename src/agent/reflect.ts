import type { DayContext, Interruption } from './day.ts'
import { askModel, journalReply } from './loop.ts'
import { spokenText, type JournaledMessage } from './history.ts'
import type { ActionLine } from './prompts/prompt-set.ts'
import { readAnswer, type ReadAnswer } from '../feedback/answer.ts'

/** `unreadable`: neither the answer nor its repair could be read; `rawText` is what was said last. */
export type Reflection =
  | Extract<ReadAnswer, { ok: true }>
  | { ok: false, rawText: string, problems: string[] }
  | Interruption

/** One repair question; after that an answer stays unreadable. */
const MAX_ANSWERS = 2

/**
 * The reflecting phase: in the same conversation and with the same tools (a change of either would lose the
 * prompt cache), but none is executed. Goes on from the journal like the acting phase.
 * @param actions what the persona did; must not be empty
 */
export async function reflect (day: DayContext, actions: ActionLine[], opening: string | null): Promise<Reflection> {
  const modules = [...new Set(actions.map(action => action.module))]
  for (;;) {
    const said = day.journal.messages.filter(message => message.phase === 'reflecting')
    const answers = said.filter(message => message.role === 'assistant')
    const last = said.at(-1)
    if (last === undefined) {
      await ask(day, [opening, day.prompts.reflect({ modules, actions })].filter(text => text !== null).join('\n\n'))
    } else if (last.role === 'user') {
      const reply = await askModel(day)
      if (typeof reply === 'string') return reply
      await journalReply(day.journal, 'reflecting', reply)
    } else {
      const rawText = spokenText(last)
      const answer = readAnswer(rawText, modules)
      if (answer.ok) return answer
      if (answers.length >= MAX_ANSWERS) return { ok: false, rawText, problems: answer.problems }
      await ask(day, day.prompts.repair(answer.problems))
    }
  }
}

function ask (day: DayContext, text: string): Promise<JournaledMessage> {
  return day.journal.append({ phase: 'reflecting', role: 'user', content: [{ type: 'text', text }], stopReason: null })
}
