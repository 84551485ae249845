import type { Account, Accounts } from './account.ts'
import { singleFlight } from './single-flight.ts'
import { requestTokens, type Client, type FindEndpoint } from './token-endpoint.ts'
import type { Dial } from '../../platform/dial/dialler.ts'

/**
 * OAuth client credentials: the app knows one client, and each persona has a token of its own that
 * nobody else is given.
 */

interface ClientCredentialsOptions {
  dial: Dial
  findEndpoint: FindEndpoint
  client: Client
  scope?: string | undefined
}

export function clientCredentialAccounts (
  { dial, findEndpoint, client, scope }: ClientCredentialsOptions
): Accounts {
  const grant = { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) }
  const signIn = singleFlight(async (email, signal): Promise<Account> => {
    const endpoint = await findEndpoint(signal)
    const receivedAt = Date.now()
    const answer = await requestTokens({ dial, endpoint, client, grant, who: email, signal })
    if (!answer.ok) throw answer.error
    const { accessToken, renewInMs } = answer.tokens
    return {
      headers: { authorization: `Bearer ${accessToken}` },
      userId: null,
      spaceId: null,
      secrets: [accessToken],
      renewAt: renewInMs === null ? null : receivedAt + renewInMs,
      renew: signal => signIn(email, signal)
    }
  })
  return { signIn: ({ email }, signal) => signIn(email, signal) }
}
