import { AppError } from '../../platform/errors.ts'

/** Who a persona is to the app, for as long as the app believes it. */

export interface Identity {
  /** Sent with every request. */
  headers: Record<string, string>
  /** What no one else is to read, wherever the app may repeat it. */
  secrets?: readonly string[]
  /**
   * From then on (ms since the epoch) it is better to sign in again than to be refused; null:
   * nobody can tell.
   */
  renewAt?: number | null
  /** Signs in again. Undefined: there is nothing to sign in with. */
  renew?: (signal: AbortSignal) => Promise<Identity>
}

interface Holder {
  headers(): Record<string, string>
  /** All there have been so far. */
  readonly secrets: ReadonlySet<string>
  /**
   * Signs in again when that is due. Where it fails, the app may still take the old headers: its
   * refusal decides.
   */
  freshen(signal: AbortSignal): Promise<void>
  /**
   * Signs in again after a refusal.
   * @returns whether there is anything new to show
   * @throws the error of the sign-in where that is out of order for everybody
   */
  renew(signal: AbortSignal): Promise<boolean>
}

export function holdIdentity (identity: Identity): Holder {
  let current = identity
  const secrets = new Set(identity.secrets)
  const take = (identity: Identity) => {
    current = identity
    for (const secret of identity.secrets ?? []) secrets.add(secret)
  }
  return {
    headers: () => current.headers,
    secrets,
    async freshen (signal) {
      const { renewAt, renew } = current
      if (
        renewAt === undefined || renewAt === null || renewAt > Date.now() || renew === undefined
      ) return
      take(await renew(signal).catch(() => ({ ...current, renewAt: null })))
    },
    async renew (signal) {
      if (current.renew === undefined) return false
      try {
        take(await current.renew(signal))
        return true
      } catch (error) {
        if (signal.aborted || (error instanceof AppError && error.outage !== undefined)) throw error
        return false
      }
    }
  }
}
