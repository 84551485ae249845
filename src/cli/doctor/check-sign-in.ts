import type { Account } from '../../runner/accounts/account.ts'
import type { AccountKind, ConnectedApp } from '../../runner/apps/connect.ts'
import { messageOf } from '../../platform/errors.ts'
import type { Persona } from '../../personas/schemas.ts'
import { failed, notChecked, ok } from './finding.ts'
import type { Finding } from './schemas.ts'
import type { CastOfApp, SetUpApp } from './setup.ts'

/** One persona of each kind of account that an app has. */

export const NO_PERSONAS = 'no personas: npm run seed:personas'
const TIMEOUT_MS = 30_000
/** Kinds that need nothing of a persona but its name. */
const ANYBODY = { email: 'doctor@personas.test' }

interface SignIn {
  findings: Finding[]
  /** Null: nobody is signed in. */
  account: Account | null
}

/** @param cast null: it is not known who lives there */
export async function checkSignIn (
  { name, connected }: SetUpApp,
  cast: CastOfApp | null
): Promise<SignIn> {
  const tries = samplesFor(connected.accountKind, cast)
  if (tries.length === 0) {
    const why = cast === null ? 'which personas there are stands in the database' : NO_PERSONAS
    return { account: null, findings: [notChecked('sign-in', why, { app: name })] }
  }
  const signedIn = []
  for (const sample of tries) signedIn.push(await signIn(name, connected, sample))
  return {
    findings: signedIn.map(({ finding }) => finding),
    account: signedIn.find(({ account }) => account !== null)?.account ?? null
  }
}

interface Sample {
  who: Pick<Persona, 'email'> & Partial<Persona>
  says: string
}

/**
 * A stored password goes before the derived one; other stored accounts have nothing in their place.
 */
function samplesFor (kind: AccountKind, cast: CastOfApp | null): Sample[] {
  if (kind === 'none') return [{ who: ANYBODY, says: 'the app knows no accounts' }]
  if (kind === 'client-credentials') {
    return [{ who: ANYBODY, says: 'the OAuth client gets a token (client-credentials)' }]
  }
  const { withAccount = null, withoutAccount = null } = cast ?? {}
  const own = withAccount === null
    ? []
    : [toSample(withAccount, kind === 'password' ? 'a password of its own' : kind)]
  const derived = withoutAccount === null ? [] : [toSample(withoutAccount, kind)]
  return kind === 'password' ? [...derived, ...own] : [...own, ...derived].slice(0, 1)
}

const toSample = (who: Persona, kind: string): Sample => ({
  who,
  says: `${who.email} signs in (${kind})`
})

async function signIn (
  app: string,
  { accounts }: ConnectedApp,
  { who, says }: Sample
): Promise<{ finding: Finding, account: Account | null }> {
  try {
    const account = await accounts.signIn(who, AbortSignal.timeout(TIMEOUT_MS))
    return { account, finding: ok('sign-in', says, { app }) }
  } catch (error) {
    return {
      account: null,
      finding: failed('sign-in', messageOf(error), { app, todo: 'README, "Accounts"' })
    }
  }
}
