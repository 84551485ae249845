import { exchange, type Exchanged } from './exchange.ts'
import type { SignUpResult } from './schemas.ts'
import { spellingsOf } from './spellings.ts'
import { hider } from '../../platform/secrets.ts'
import type { Dial } from '../../platform/dial/dialler.ts'
import { AppError } from '../../platform/errors.ts'
import { retryAfterMs } from '../../platform/retry-after.ts'
import { shownAddress } from '../../platform/dial/shown-address.ts'
import { oneLine } from '../../platform/text.ts'

/**
 * Creates a persona's account in the app by the sign-up that people have, which is by default that
 * of Better Auth.
 */

export const SIGN_UP_PATH = '/api/auth/sign-up/email'

interface SignUpRequest {
  dial: Dial
  url: string
  /** Where the path was set, for messages. */
  setting: string
  email: string
  name: string
  password: string
}

/**
 * What became of it; where the service only turns sign-ups away for now, with how long it asks to
 * be left alone.
 */
export type SignedUp = SignUpResult & { isTurnedAway?: boolean, retryAfterMs?: number }

/** Nothing is thrown for what the service does: it is told in words, without the password. */
export async function signUp (request: SignUpRequest, signal: AbortSignal): Promise<SignedUp> {
  const { dial, url, email, name, password } = request
  try {
    const answer = await exchange(dial, url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password, name })
    }, signal)
    return read(answer, request, hider(spellingsOf(password)))
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { outcome: 'unanswered', message: error.message }
  }
}

function read (
  answer: Exchanged,
  { url, setting, email }: SignUpRequest,
  hide: (text: string) => string
): SignedUp {
  const { status, ok, text } = answer
  const words = wordsOf(hide(text))
  const at = `${shownAddress(url)} (${status}${words === '' ? '' : `: ${words}`})`
  if (ok) return { outcome: 'created', message: `The app has an account for ${email} now.` }
  if (saysItExists(status, words)) {
    return {
      outcome: 'exists',
      message:
        `The app has an account for ${email} already, it says at ${at}. Its password is as it was: GET /diag/login, or a run, tells whether it is the persona's.`
    }
  }
  if (status === 429) {
    return {
      outcome: 'unanswered',
      message: `The app turns sign-ups away at ${at}. Try again later.`,
      isTurnedAway: true,
      ...waitOf(answer)
    }
  }
  if (status >= 500) {
    return {
      outcome: 'unanswered',
      message: `The sign-up of the app fails at ${at}. Look at its log, and try again.`
    }
  }
  const advice = status === 404 || status === 405
    ? `Is its sign-up elsewhere? Set ${setting}`
    : 'Mend what it says and try again'
  return {
    outcome: 'refused',
    message:
      `The app refuses the sign-up of ${email} at ${at}. ${advice}, or create the account in the app by hand. The persona is kept.`
  }
}

/** The codes and words of Better Auth, Supabase, Firebase, Auth0, Django, Laravel and the like. */
const EXISTS = new RegExp(
  [
    'already[ _-](been )?(exists?|registered|taken|in[ _-]use|signed[ _-]up|has an account)',
    '(email|user|account|username)[ _-]?(address )?(exists|taken|in[ _-]use)\\b',
    'with (this|that) email (address )?(exists|already)',
    '(has|been|is) (already )?(been )?taken',
    'duplicate',
    'not unique',
    'bereits (registriert|vergeben|vorhanden|verwendet|ein konto)',
    'existiert (bereits|schon)'
  ].join('|'),
  'i'
)
const CONFLICTS = new Set([400, 403, 422])

/** 409 says it by itself (RFC 9110, 15.5.10); other statuses need the words. */
export function saysItExists (status: number, words: string): boolean {
  return status === 409 || (CONFLICTS.has(status) && EXISTS.test(words))
}

/** Code and message of a JSON error, else the beginning of the text. */
function wordsOf (text: string): string {
  try {
    const body: unknown = JSON.parse(text)
    const said = [body, (body as { error?: unknown } | null)?.error].flatMap(part =>
      typeof part === 'object' && part !== null ? [part] : []
    )
    const words = said.flatMap(part =>
      ['code', 'message', 'detail', 'error'].map(name => (part as Record<string, unknown>)[name])
    )
      .filter(word => typeof word === 'string')
    return oneLine(words.length > 0 ? [...new Set(words)].join(', ') : text, 200)
  } catch {
    return oneLine(text, 200)
  }
}

/** Better Auth has a header of its own. */
function waitOf ({ headers }: Exchanged): { retryAfterMs?: number } {
  const asked = retryAfterMs(headers.get('retry-after') ?? headers.get('x-retry-after'), Date.now())
  return asked === undefined ? {} : { retryAfterMs: asked }
}
