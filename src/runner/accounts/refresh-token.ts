import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Account, Accounts } from './account.ts'
import {
  beginExchange,
  doubtOverdueExchange,
  failExchange,
  findSecret,
  findSecretByEmail,
  finishExchange,
  type StoredSecret
} from './repository.ts'
import { singleFlight } from './single-flight.ts'
import {
  requestTokens,
  type Client,
  type FindEndpoint,
  type TokenAnswer
} from './token-endpoint.ts'
import { openTokens, sealFor, type StoredTokens, type Vault } from './vault.ts'
import type { Dial } from '../../platform/dial/dialler.ts'
import { EncryptionOffError, LoginFailedError } from '../../platform/errors.ts'

/**
 * A stored OAuth refresh token per persona, which the app may replace with every use. It is claimed
 * in the database before it is presented and replaced there before anything else is done, so that
 * no process presents one a second time: an app that sees one twice takes it for stolen, and ends
 * the account's sign-in for good (RFC 9700, 4.14.2).
 */

interface RefreshTokenOptions {
  vault: Vault
  dial: Dial
  findEndpoint: FindEndpoint
  client: Client
  scope?: string | undefined
}

/** How often to look whether another process has renewed, in milliseconds. */
const POLL_MS = 100
/**
 * The pauses between tries to store what an exchange has brought: lost, the account would be lost.
 * In milliseconds.
 */
const STORE_AGAIN_MS = [100, 500, 1000, 2000, 4000]

export function refreshTokenAccounts (options: RefreshTokenOptions): Accounts {
  const { vault } = options
  const { db } = vault

  /**
   * Of the accesses that a persona has had, `used` is the one that will not do any more; null: any
   * will do.
   */
  const access = singleFlight<Account>(async (key, signal) => {
    const { personaId, used } = JSON.parse(key) as { personaId: string, used: string | null }
    for (;;) {
      const stored = refreshTokenOf(await findSecret(db, personaId), personaId)
      const tokens = openTokens(vault, stored)
      const isFresh = tokens.accessToken !== undefined && tokens.accessToken !== used &&
        (stored.renewInMs ?? 1) > 0
      if (isFresh) return toAccount(personaId, tokens, stored.renewInMs)
      if (stored.unusable !== null) throw unusableError(personaId, stored.unusable)
      const renewed = await renew(options, stored, tokens, signal)
      if (renewed !== undefined) return toAccount(personaId, renewed.tokens, renewed.renewInMs)
      if (stored.isOverdue) await doubtOverdueExchange(db, personaId)
      await pause(POLL_MS, undefined, { signal })
    }
  })

  const accessFor = (personaId: string, used: string | null, signal: AbortSignal) =>
    access(JSON.stringify({ personaId, used }), signal)

  function toAccount (
    personaId: string,
    { accessToken = '', refreshToken }: StoredTokens,
    renewInMs: number | null
  ): Account {
    return {
      headers: { authorization: `Bearer ${accessToken}` },
      userId: null,
      spaceId: null,
      secrets: [accessToken, refreshToken],
      renewAt: renewInMs === null ? null : Date.now() + renewInMs,
      renew: signal => accessFor(personaId, accessToken, signal)
    }
  }

  return {
    async signIn ({ email }, signal) {
      const { personaId } = refreshTokenOf(await findSecretByEmail(db, email), email)
      return accessFor(personaId, null, signal)
    }
  }
}

function refreshTokenOf (stored: StoredSecret | undefined, who: string): StoredSecret {
  if (stored?.kind === 'refresh-token') return stored
  throw new LoginFailedError(
    `No refresh token is stored for ${who}: PUT /api/v1/admin/personas/:id/account with "refreshToken".`
  )
}

function unusableError (
  personaId: string,
  why: NonNullable<StoredSecret['unusable']>
): LoginFailedError {
  const what = why === 'refused'
    ? 'was refused by the app'
    : 'was on its way to the app when the answer got lost, so nobody knows whether it still holds; it is not presented twice'
  return new LoginFailedError(
    `The refresh token of persona ${personaId} ${what}. Store a new one with PUT /api/v1/admin/personas/${personaId}/account.`
  )
}

/** @returns undefined: somebody else is about to renew, or has done so */
async function renew (
  options: RefreshTokenOptions,
  stored: StoredSecret,
  { refreshToken }: StoredTokens,
  signal: AbortSignal
): Promise<{ tokens: StoredTokens, renewInMs: number | null } | undefined> {
  const { vault, dial, findEndpoint, client, scope } = options
  if (vault.keys.length === 0) throw new EncryptionOffError()
  const endpoint = await findEndpoint(signal)
  const exchangeId = randomUUID()
  if (!await beginExchange(vault.db, stored, exchangeId)) return undefined
  const grant = {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...(scope !== undefined && { scope })
  }
  // From here on the run's own end does not count: what comes back must be stored.
  const answer = await requestTokens({
    dial,
    endpoint,
    client,
    grant,
    who: `persona ${stored.personaId}`,
    signal: new AbortController().signal
  })
  return settle(vault, stored.personaId, exchangeId, refreshToken, answer)
}

async function settle (
  vault: Vault,
  personaId: string,
  exchangeId: string,
  presented: string,
  answer: TokenAnswer
): Promise<{ tokens: StoredTokens, renewInMs: number | null } | undefined> {
  if (!answer.ok) {
    await untilStored(() =>
      failExchange(vault.db, personaId, exchangeId, answer.fate === 'unused' ? null : answer.fate)
    )
    throw answer.error
  }
  const { accessToken, refreshToken = presented, renewInMs } = answer.tokens
  const tokens = { refreshToken, accessToken }
  const sealed = sealFor(vault, personaId, tokens)
  const isStored = await untilStored(() =>
    finishExchange(vault.db, personaId, exchangeId, { ...sealed, renewInMs })
  )
  return isStored ? { tokens, renewInMs } : undefined
}

/** A database that is away for a moment must not cost an account. */
async function untilStored<T> (store: () => Promise<T>): Promise<T> {
  for (const pauseMs of STORE_AGAIN_MS) {
    try {
      return await store()
    } catch {
      await pause(pauseMs)
    }
  }
  return store()
}
