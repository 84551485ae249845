import type { EndedCall } from './day-journal.ts'
import { judgeRefusal, type CallContext, type Verdict } from '../blame/blame-rules.ts'
import type { Said, Tool } from '../tools/toolbox.ts'

/**
 * Whose fault a refused call is, from what the app said (`blame-rules.ts`) and what the run knows.
 * Pure. Only what the app is to blame for counts against its modules: a rating must not suffer from
 * an expired account or from made-up arguments.
 */

interface JudgedCall {
  tool: Tool
  input: unknown
  /** Calls of this run that have ended, also those of earlier attempts. */
  ended: readonly EndedCall[]
  /** What the persona was shown. */
  tools: readonly Tool[]
}

export function attribute (said: Said, { tool, input, ended, tools }: JudgedCall): Verdict {
  const context: CallContext = {
    tool,
    input,
    wasLimited: ended.some(call => call.blameRule === 'rate_limited'),
    shown: () => shownBy(ended, tools)
  }
  return judgeRefusal(said, context)
}

/** Only what went well: an error repeats what was asked for. */
function* shownBy (ended: readonly EndedCall[], tools: readonly Tool[]): Generator<string> {
  for (const { name, description, inputSchema, appSchema } of tools) {
    yield `${name}\n${description}\n${JSON.stringify(appSchema ?? inputSchema)}`
  }
  for (const { result, resultText } of ended.toReversed()) if (result === 'ok') yield resultText
}
