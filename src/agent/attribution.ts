import type { Blame } from './toolbox.ts'

/**
 * Whose fault a failed call is. Pure. Only what the app is to blame for counts against its modules: a rating must not
 * suffer from an expired account or from arguments that the model made up.
 */

/** How servers say that the arguments, and not the app, were wrong: JSON-RPC's code and the usual wordings. */
const WRONG_ARGUMENTS = /-32602|\binvalid (arguments?|input|params?|parameters?)\b|\binput (is not valid|validation)|\bvalidation error\b/i

/** Alike in words, but the app's own doing: a tool it listed and does not have, an answer against its own schema, its SQL. */
const APPS_OWN = new RegExp([
  'output validation', 'output schema', 'structured content', 'tool \\S+ (?:not found|disabled)', 'unknown tool', 'invalid input (?:syntax|value for enum)'
].map(words => `\\b${words}\\b`).join('|'), 'i')

/**
 * An answer that says the tool failed. A refusal about the content of an argument (a phone number in a format that the
 * tool's schema does not ask for) stays with the app: its contract did not say so.
 */
export function blameForAnswer (text: string): Blame {
  const said = text.slice(0, 2000)
  return WRONG_ARGUMENTS.test(said) && !APPS_OWN.test(said) ? 'persona' : 'app'
}

/** An HTTP status in place of an answer. */
export function blameForStatus (status: number): Blame {
  return status === 401 || status === 403 ? 'account' : 'app'
}
