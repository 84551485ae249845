/** A persona's identity in the app under test. One file per kind of sign-in beside this one. */
export interface Account {
  /** Sent with every request to the app. */
  headers: Record<string, string>
  userId: string | null
  spaceId: string | null
}

export interface Accounts {
  /**
   * Signs a persona in.
   * @throws LoginFailedError when the app refuses, AuthUnreachableError when it does not answer
   */
  signIn (persona: { email: string }, signal: AbortSignal): Promise<Account>
}

/** An app that knows no accounts. */
export const noAccounts: Accounts = {
  signIn: async () => ({ headers: {}, userId: null, spaceId: null })
}
