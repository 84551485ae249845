import type { Account, Accounts } from './account.ts'
import { derivePassword } from './password.ts'
import { reasonOf } from './reason.ts'
import { singleFlight } from './single-flight.ts'
import { renewAt } from './token-life.ts'
import { dialOutsideProduction, type Dial } from '../dial/dialler.ts'
import { AppError, AuthUnreachableError, LoginFailedError, type Outage } from '../errors.ts'
import { oneLine, retryAfterMs } from '../text.ts'

/** Sign-in with the derived password: a token from the login route, then the personal space. */

const TIMEOUT_MS = 10_000

export interface PasswordOptions {
  authUrl: string
  /** One is version 1. */
  seedSecret: string | ReadonlyMap<number, string>
  /** Whose passwords are derived apart from those of the first app; undefined: the first app. */
  app?: string
  /** Undefined: as outside production. */
  dial?: Dial
}

export function passwordAccounts ({ authUrl, seedSecret, app, dial = dialOutsideProduction('AUTH_URL') }: PasswordOptions): Accounts {
  const base = authUrl.replace(/\/+$/, '')
  const secrets = typeof seedSecret === 'string' ? new Map([[1, seedSecret]]) : seedSecret
  // A sign-in with one password is not the answer to one with another.
  const signIn = singleFlight(async (key, signal): Promise<Account> => {
    const { email, version } = fromKey(key)
    const password = derivePassword(secretOf(secrets, version, email), email, app)
    const { token, userId } = await login(dial, base, email, password, signal)
    const receivedAt = Date.now()
    const spaceId = await personalSpace(dial, base, token, signal)
    return {
      headers: { authorization: `Bearer ${token}`, 'x-mana-space': spaceId },
      userId,
      spaceId,
      secrets: [token, password],
      renewAt: renewAt(token, receivedAt),
      renew: signal => signIn(key, signal)
    }
  })
  return { signIn: ({ email, passwordVersion = 1 }, signal) => signIn(toKey(email, passwordVersion), signal) }
}

const toKey = (email: string, version: number) => `${version} ${email}`

function fromKey (key: string): { email: string, version: number } {
  const blank = key.indexOf(' ')
  return { version: Number(key.slice(0, blank)), email: key.slice(blank + 1) }
}

/** @throws LoginFailedError */
function secretOf (secrets: ReadonlyMap<number, string>, version: number, email: string): string {
  const secret = secrets.get(version)
  if (secret !== undefined) return secret
  const there = secrets.size === 0 ? 'none is set' : `there is ${[...secrets.keys()].join(', ')}`
  throw new LoginFailedError(`Sign-in of ${email}: its password is of version ${version}, and PERSONA_SEED_SECRETS has no such secret (${there}). Put the secret back, or PATCH the persona's passwordVersion.`)
}

interface LoginAnswer { token?: unknown, accessToken?: unknown, userId?: unknown, user?: { id?: unknown } | null }
interface ListedSpace { id?: unknown, type?: unknown, metadata?: { type?: unknown } | null }

async function login (
  dial: Dial, base: string, email: string, password: string, signal: AbortSignal
): Promise<{ token: string, userId: string }> {
  const body = await request(dial, `${base}/api/v1/auth/login`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email, password })
  }, email, signal)
  const { token, accessToken, userId, user } = (body ?? {}) as LoginAnswer
  const foundToken = token ?? accessToken
  const foundUser = userId ?? user?.id
  if (typeof foundToken !== 'string' || foundToken === '') throw new LoginFailedError(`Sign-in of ${email}: the answer of ${base} has no "token".`)
  if (typeof foundUser !== 'string' || foundUser === '') throw new LoginFailedError(`Sign-in of ${email}: the answer of ${base} has no "user.id" or "userId".`)
  return { token: foundToken, userId: foundUser }
}

/** The space that is the persona's own; where none says so, the only one there is. */
async function personalSpace (dial: Dial, base: string, token: string, signal: AbortSignal): Promise<string> {
  const body = await request(dial, `${base}/api/auth/organization/list`, { headers: { authorization: `Bearer ${token}` } }, 'the space list', signal)
  const list: unknown = Array.isArray(body) ? body : (body as { organizations?: unknown } | null)?.organizations
  const spaces = Array.isArray(list) ? (list as (ListedSpace | null)[]).filter(space => typeof space?.id === 'string') : []
  const isPersonal = (space: ListedSpace | null) => space?.type === 'personal' || space?.metadata?.type === 'personal'
  const personal = spaces.find(isPersonal) ?? (spaces.length === 1 ? spaces[0] : undefined)
  if (personal?.id === undefined) {
    throw new LoginFailedError(`Signed in at ${base}, but none of the ${spaces.length} spaces there is of type "personal".`)
  }
  return personal.id as string
}

async function request (dial: Dial, url: string, init: RequestInit, who: string, signal: AbortSignal): Promise<unknown> {
  let response: Response
  let text: string
  try {
    response = await dial(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) })
    text = await response.text()
  } catch (error) {
    if (error instanceof AppError) throw error
    // A run that ended says nothing about the service.
    const outage: Outage | undefined = signal.aborted ? undefined : { service: 'app' }
    throw new AuthUnreachableError(`The sign-in service does not answer at ${url}: ${reasonOf(error)}. Check ${dial.setting} and that the service runs.`, { cause: error, outage })
  }
  if (response.status >= 500 || response.status === 429) throw outOfOrder(url, response)
  if (!response.ok) {
    throw new LoginFailedError(`Sign-in of ${who} is refused at ${url} (${response.status}): ${oneLine(text, 200)}. Does the account exist, with the password derived from PERSONA_SEED_SECRET?`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new LoginFailedError(`Sign-in of ${who}: ${url} did not answer with JSON.`)
  }
}

function outOfOrder (url: string, { status, headers }: Response): AuthUnreachableError {
  const asked = retryAfterMs(headers.get('retry-after'), Date.now())
  const did = status === 429 ? 'turns sign-ins away' : 'fails'
  return new AuthUnreachableError(`The sign-in service ${did} at ${url} (${status}).`, {
    outage: { service: 'app', ...(asked !== undefined && { retryAfterMs: asked }) }
  })
}
