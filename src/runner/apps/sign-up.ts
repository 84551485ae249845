import type { PersonaToSignUp } from '../accounts/account.ts'
import type { SignedUp } from '../accounts/sign-up.ts'
import { AppError } from '../../platform/errors.ts'
import type { ConnectedApp } from './connect.ts'

/**
 * Creates a persona's account in its app, where the app's personas sign in with passwords. Whatever
 * happens is told in words.
 */
export async function signUpIn (
  app: ConnectedApp,
  persona: PersonaToSignUp,
  signal: AbortSignal
): Promise<SignedUp> {
  const { name, accounts, accountKind } = app
  if (accounts.signUp === undefined) {
    const message =
      `Nothing was sent for ${persona.email}: the personas of the app "${name}" sign in by "${accountKind}", not with passwords, so there is nothing to sign up with. Create its account in the app by hand.`
    return { outcome: 'not-tried', message }
  }
  try {
    return await accounts.signUp(persona, signal)
  } catch (error) {
    if (error instanceof AppError) return { outcome: 'not-tried', message: error.message }
    throw error
  }
}
