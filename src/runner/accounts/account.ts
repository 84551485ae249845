import type { SignedUp } from './sign-up.ts'

/** A persona's identity in the app under test. One file per kind of sign-in beside this one. */
export interface Account {
  /** Sent with every request to the app. */
  headers: Record<string, string>
  userId: string | null
  spaceId: string | null
  /** What no one else is to read, wherever the app may repeat it. */
  secrets?: readonly string[]
  /**
   * From then on (ms since the epoch) it is better to sign in again than to be refused; null:
   * nobody can tell.
   */
  renewAt?: number | null
  /** Signs in again. Undefined: there is nothing to sign in with. @throws as `signIn` */
  renew?: (signal: AbortSignal) => Promise<Account>
}

/** `passwordVersion` says under which secret its password is derived; left out: 1. */
export interface PersonaToSignIn {
  email: string
  passwordVersion?: number
}

export interface PersonaToSignUp extends PersonaToSignIn {
  name: string
}

export interface Accounts {
  /**
   * Signs a persona in. Whoever asks for the same persona meanwhile waits for the same sign-in.
   * @throws LoginFailedError when the app refuses; AuthUnreachableError, with `outage`, when it
   *   does not answer or turns everybody away
   */
  signIn(persona: PersonaToSignIn, signal: AbortSignal): Promise<Account>
  /**
   * Creates the persona's account in the app, with what it signs in with. Undefined: this kind of
   * accounts has no sign-up
   * @throws LoginFailedError, SecretKeyUnknownError, SecretUnreadableError, where there is no
   *   password
   */
  signUp?: (persona: PersonaToSignUp, signal: AbortSignal) => Promise<SignedUp>
}

/** An app that knows no accounts. */
export const noAccounts: Accounts = {
  signIn: async () => ({ headers: {}, userId: null, spaceId: null })
}
