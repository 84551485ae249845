import type { Account, Accounts, PersonaToSignIn, PersonaToSignUp } from './account.ts'
import { exchange, type Exchanged } from './exchange.ts'
import { derivePassword } from './password.ts'
import { findSecretByEmail, type StoredSecret } from './repository.ts'
import { signUp, SIGN_UP_PATH } from './sign-up.ts'
import { singleFlight } from './single-flight.ts'
import { spellingsOf } from './spellings.ts'
import { renewAt } from './token-life.ts'
import { openPassword, type Vault } from './vault.ts'
import { hider } from '../../platform/secrets.ts'
import { dialOutsideProduction, type Dial } from '../../platform/dial/dialler.ts'
import { AuthUnreachableError, LoginFailedError } from '../../platform/errors.ts'
import { retryAfterMs } from '../../platform/retry-after.ts'
import { oneLine } from '../../platform/text.ts'

/**
 * Sign-in with a password, the persona's own or the derived one: a token from the login route, then
 * the personal space.
 */

interface PasswordOptions {
  authUrl: string
  /** One is version 1. */
  seedSecret: string | ReadonlyMap<number, string>
  /** Whose passwords are derived apart from those of the first app; undefined: the first app. */
  app?: string
  /** Undefined: as outside production. */
  dial?: Dial
  /** Where passwords of their own are stored; undefined: all are derived. */
  vault?: Vault
  /** Below `authUrl`, and where it was set, for messages. Undefined: that of Better Auth */
  signUp?: { path: string, setting: string }
}

/** Which password a persona signs in with, without the password. */
interface Credential {
  email: string
  version: number
  own: Pick<StoredSecret, 'personaId' | 'keyId' | 'sealed'> | null
}

interface Password {
  text: string
  advice: string
}

export function passwordAccounts (options: PasswordOptions): Accounts {
  const { authUrl, dial = dialOutsideProduction('AUTH_URL') } = options
  const base = authUrl.replace(/\/+$/, '')
  const passwordOf = passwordSource(options)
  // A sign-in with one password is not the answer to one with another.
  const signInWith = singleFlight(async (key, signal): Promise<Account> => {
    const credential = JSON.parse(key) as Credential
    const { email, version } = credential
    const password = passwordOf(credential)
    const secrets = spellingsOf(password.text)
    const { token, userId } = await login(
      { dial, base, email, password, hide: hider(secrets) },
      signal
    )
    const receivedAt = Date.now()
    const spaceId = await personalSpace(dial, base, token, hider([token, ...secrets]), signal)
    return {
      headers: { authorization: `Bearer ${token}`, 'x-mana-space': spaceId },
      userId,
      spaceId,
      secrets: [token, ...secrets],
      renewAt: renewAt(token, receivedAt),
      renew: signal => signIn({ email, passwordVersion: version }, signal)
    }
  })

  async function signIn (persona: PersonaToSignIn, signal: AbortSignal): Promise<Account> {
    return signInWith(JSON.stringify(await credentialOf(options.vault, persona)), signal)
  }

  return {
    signIn,
    async signUp (persona: PersonaToSignUp, signal) {
      const { path, setting } = options.signUp ??
        { path: SIGN_UP_PATH, setting: 'AUTH_SIGN_UP_PATH' }
      const { text: password } = passwordOf(await credentialOf(options.vault, persona))
      return signUp({
        dial,
        url: `${base}${path}`,
        setting,
        email: persona.email,
        name: persona.name,
        password
      }, signal)
    }
  }
}

async function credentialOf (
  vault: Vault | undefined,
  { email, passwordVersion: version = 1 }: PersonaToSignIn
): Promise<Credential> {
  const stored = vault === undefined ? undefined : await findSecretByEmail(vault.db, email)
  if (stored?.kind !== 'password') return { email, version, own: null }
  const { personaId, keyId, sealed } = stored
  return { email, version, own: { personaId, keyId, sealed } }
}

/** @returns throws LoginFailedError, SecretKeyUnknownError, SecretUnreadableError */
function passwordSource (
  { seedSecret, app, vault }: PasswordOptions
): (credential: Credential) => Password {
  const secrets = typeof seedSecret === 'string' ? new Map([[1, seedSecret]]) : seedSecret
  return ({ email, version, own }) =>
    own !== null && vault !== undefined
      ? {
        text: openPassword(vault, own).password,
        advice:
          'with the password that is stored for it? PUT /api/v1/admin/personas/:id/account stores another'
      }
      : {
        text: derivePassword(secretOf(secrets, version, email), email, app),
        advice: 'with the password derived from PERSONA_SEED_SECRET'
      }
}

/** @throws LoginFailedError */
function secretOf (secrets: ReadonlyMap<number, string>, version: number, email: string): string {
  const secret = secrets.get(version)
  if (secret !== undefined) return secret
  const there = secrets.size === 0 ? 'none is set' : `there is ${[...secrets.keys()].join(', ')}`
  throw new LoginFailedError(
    `Sign-in of ${email}: its password is of version ${version}, and PERSONA_SEED_SECRETS has no such secret (${there}). Put the secret back, or PATCH the persona's passwordVersion.`
  )
}

interface LoginAnswer {
  token?: unknown
  accessToken?: unknown
  userId?: unknown
  user?: { id?: unknown } | null
}
interface ListedSpace {
  id?: unknown
  type?: unknown
  metadata?: { type?: unknown } | null
}

interface LoginRequest {
  dial: Dial
  base: string
  email: string
  password: Password
  hide: (text: string) => string
}

async function login (
  { dial, base, email, password, hide }: LoginRequest,
  signal: AbortSignal
): Promise<{ token: string, userId: string }> {
  const url = `${base}/api/v1/auth/login`
  const answer = await exchange(dial, url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: password.text })
  }, signal)
  const body = readJson(answer, {
    url,
    who: email,
    hide,
    advice: `Does the account exist, ${password.advice}?`
  })
  const { token, accessToken, userId, user } = (body ?? {}) as LoginAnswer
  const foundToken = token ?? accessToken
  const foundUser = userId ?? user?.id
  if (typeof foundToken !== 'string' || foundToken === '') {
    throw new LoginFailedError(`Sign-in of ${email}: the answer of ${base} has no "token".`)
  }
  if (typeof foundUser !== 'string' || foundUser === '') {
    throw new LoginFailedError(
      `Sign-in of ${email}: the answer of ${base} has no "user.id" or "userId".`
    )
  }
  return { token: foundToken, userId: foundUser }
}

/** The space that is the persona's own; where none says so, the only one there is. */
async function personalSpace (
  dial: Dial,
  base: string,
  token: string,
  hide: (text: string) => string,
  signal: AbortSignal
): Promise<string> {
  const url = `${base}/api/auth/organization/list`
  const answer = await exchange(
    dial,
    url,
    { headers: { authorization: `Bearer ${token}` } },
    signal
  )
  const body = readJson(answer, {
    url,
    who: 'the space list',
    hide,
    advice: 'Does the token of the sign-in hold there?'
  })
  const list: unknown = Array.isArray(body)
    ? body
    : (body as { organizations?: unknown } | null)?.organizations
  const spaces = Array.isArray(list)
    ? (list as (ListedSpace | null)[]).filter(space => typeof space?.id === 'string')
    : []
  const isPersonal = (space: ListedSpace | null) =>
    space?.type === 'personal' || space?.metadata?.type === 'personal'
  const personal = spaces.find(isPersonal) ?? (spaces.length === 1 ? spaces[0] : undefined)
  if (personal?.id === undefined) {
    throw new LoginFailedError(
      `Signed in at ${base}, but none of the ${spaces.length} spaces there is of type "personal".`
    )
  }
  return personal.id as string
}

interface Asked {
  url: string
  who: string
  hide: (text: string) => string
  advice: string
}

/** @throws AuthUnreachableError, LoginFailedError with what the service says, but for secrets */
function readJson (answer: Exchanged, { url, who, hide, advice }: Asked): unknown {
  const { status, ok, text } = answer
  if (status >= 500 || status === 429) throw outOfOrder(url, answer)
  if (!ok) {
    throw new LoginFailedError(
      `Sign-in of ${who} is refused at ${url} (${status}): ${oneLine(hide(text), 200)}. ${advice}`
    )
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new LoginFailedError(`Sign-in of ${who}: ${url} did not answer with JSON.`)
  }
}

function outOfOrder (url: string, { status, headers }: Exchanged): AuthUnreachableError {
  const asked = retryAfterMs(headers.get('retry-after'), Date.now())
  const did = status === 429 ? 'turns sign-ins away' : 'fails'
  return new AuthUnreachableError(`The sign-in service ${did} at ${url} (${status}).`, {
    outage: { service: 'app', ...(asked !== undefined && { retryAfterMs: asked }) }
  })
}
