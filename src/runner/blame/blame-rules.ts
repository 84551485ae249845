import { isFormatAskedFor } from './argument-formats.ts'
import { isMadeUp, isOfQuery, type Shown } from './asked-values.ts'
import {
  ARGUMENTS,
  FORMAT,
  INTERNAL,
  NOT_ALLOWED,
  NOT_FOUND,
  OUTPUT_CONTRACT,
  QUERY_SYNTAX,
  RATE_LIMITED,
  VALIDATION
} from './blame-words.ts'
import type { BlameRule } from '../tools/blame-sentences.ts'
import { statusIn } from './server-words.ts'
import type { Blame, Said, Tool } from '../tools/toolbox.ts'

/**
 * Whose fault a call is that an app refused: one ordered table, the first rule that fits decides.
 * Pure.
 */

/** What was known when the call went out. */
export interface CallContext extends Shown {
  input: unknown
  /** Undefined: not known. */
  tool: Tool | undefined
  /** Whether the app has limited the rate of an earlier call of this run. */
  wasLimited: boolean
}

export interface Verdict {
  /** Null: nobody's. */
  blame: Blame | null
  rule: BlameRule
}

const NOTHING_KNOWN: CallContext = {
  input: {},
  tool: undefined,
  wasLimited: false,
  shown: () => []
}

/** Words at the beginning say why; what follows may be anything, such as a page. */
const JUDGED_LENGTH = 2000
const INVALID_PARAMS = -32602
const RESOURCE_NOT_FOUND = -32002

interface Judged extends Said, CallContext {
  /** The status in place of an answer, or one that the words tell. */
  told: number | null
}

interface Rule {
  rule: BlameRule
  fits: (judged: Judged) => boolean
  blame: (judged: Judged) => Blame | null
}

const when = (rule: BlameRule, blame: Blame, fits: Rule['fits']): Rule => ({
  rule,
  fits,
  blame: () => blame
})
const says = (pattern: RegExp) => ({ words }: Judged) => pattern.test(words)
const isStatus = (...statuses: number[]) => ({ told }: Judged) =>
  told !== null && statuses.includes(told)
const isServerStatus = ({ told }: Judged) => told !== null && told >= 500

/**
 * A 404 in place of an answer without a word in JSON is about the address, as a proxy would say it,
 * and not about what was asked for.
 */
function isNotFound (judged: Judged): boolean {
  if (judged.status === 404) return /^\s*[{[]/.test(judged.words)
  return judged.code === RESOURCE_NOT_FOUND || judged.told === 404 || NOT_FOUND.test(judged.words)
}

const isInvalidParams = ({ code, words }: Judged) =>
  code === INVALID_PARAMS || /(?:^|[^\d])-32602\b/.test(words)

const RULES: readonly Rule[] = [
  when('output_contract', 'app', says(OUTPUT_CONTRACT)),
  {
    rule: 'rate_limited',
    fits: judged => isStatus(429)(judged) || RATE_LIMITED.test(judged.words),
    blame: ({ wasLimited }) => wasLimited ? 'app' : null
  },
  when('server_error', 'app', isServerStatus),
  when('account_refused', 'account', isStatus(401, 403)),
  when('invalid_params', 'persona', isInvalidParams),
  when('arguments_refused', 'persona', says(VALIDATION)),
  when('not_allowed', 'account', says(NOT_ALLOWED)),
  when('made_up', 'persona', judged => isNotFound(judged) && isMadeUp(judged)),
  when('not_found', 'app', isNotFound),
  when('server_error', 'app', says(INTERNAL)),
  when(
    'query_refused',
    'persona',
    judged => QUERY_SYNTAX.test(judged.words) && isOfQuery(judged.input)
  ),
  when(
    'format_not_asked_for',
    'app',
    judged => FORMAT.test(judged.words) && !isFormatAskedFor(judged)
  ),
  when('arguments_refused', 'persona', says(FORMAT)),
  when('arguments_refused', 'persona', says(ARGUMENTS)),
  when('bad_request', 'persona', isStatus(400, 422))
]

export function judgeRefusal (said: Said, context: CallContext = NOTHING_KNOWN): Verdict {
  const words = said.words.slice(0, JUDGED_LENGTH)
  const judged = { ...context, ...said, words, told: said.status ?? statusIn(words) }
  const found = RULES.find(({ fits }) => fits(judged))
  return found === undefined
    ? { blame: 'app', rule: 'other' }
    : { blame: found.blame(judged), rule: found.rule }
}
