/** What an operator has to change about an app, told from its own words. Pure. */

/** How servers refuse a name of their host that they do not expect, against DNS rebinding. */
const OTHER_HOST =
  /\b(?:hosts?|origin|rebinding|localhost|127\.0\.0\.1|only (?:allowed|from)|misdirected)\b/i

/** Whether a refusal is about the name that the app was called by, and not about an account. */
export function isAboutHost (status: number, words: string): boolean {
  return status === 421 || (status === 403 && OTHER_HOST.test(words))
}

/** How servers say at the beginning of a session that they serve another one already. */
const SERVES_ONE = new RegExp(
  [
    'already (?:been )?(?:initiali[sz]ed|connected)',
    'only one (?:client|session|connection)',
    'one (?:client|session|connection) at a time',
    'another (?:client|session|connection) is (?:already )?(?:active|open|connected)'
  ].map(words => `\\b${words}\\b`).join('|'),
  'i'
)
/** And tools of such a server, in a second session. */
const TAKEN =
  /\bbrowser is already in use\b|\b(?:session|instance|profile) is already in use by another\b/i

export const servesOneSession = (words: string): boolean => SERVES_ONE.test(words)
export const isTakenByAnother = (words: string): boolean => TAKEN.test(words)
