import type { Account } from '../accounts/account.ts'
import { messageOf } from '../errors.ts'
import { failed, notChecked, ok } from './finding.ts'
import type { Finding } from './schemas.ts'
import type { CastOfApp, SetUpApp } from './setup.ts'

/** One persona of each kind of account: those of one app are all of one kind. */

export const NO_PERSONAS = 'no personas: npm run seed:personas'
const TIMEOUT_MS = 30_000
/** Kinds that need nothing of a persona but its name. */
const ANYBODY = { email: 'doctor@personas.test' }

export interface SignIn { finding: Finding, account: Account | null }

/** @param cast null: it is not known who lives there */
export async function checkSignIn ({ name, connected }: SetUpApp, cast: CastOfApp | null): Promise<SignIn> {
  const { accountKind, accounts } = connected
  const isPersonal = accountKind !== 'none' && accountKind !== 'client-credentials'
  const persona = cast?.first ?? null
  if (isPersonal && persona === null) {
    const why = cast === null ? 'which personas there are stands in the database' : NO_PERSONAS
    return { account: null, finding: notChecked('sign-in', why, { app: name }) }
  }
  const who = persona ?? ANYBODY
  try {
    const account = await accounts.signIn(who, AbortSignal.timeout(TIMEOUT_MS))
    const says = accountKind === 'none' ? 'the app knows no accounts' : `${isPersonal ? who.email : 'the OAuth client'} signs in (${accountKind})`
    return { account, finding: ok('sign-in', says, { app: name }) }
  } catch (error) {
    return { account: null, finding: failed('sign-in', messageOf(error), { app: name, todo: 'README, "Accounts"' }) }
  }
}
