import type { Client, FindEndpoint, TokenEndpoint } from './token-endpoint.ts'
import type { Dial } from '../../platform/dial/dialler.ts'
import type { Fetch } from '../../platform/dial/thin-fetch.ts'
import { AuthUnreachableError, LoginFailedError } from '../../platform/errors.ts'
import { shownAddress } from '../../platform/dial/shown-address.ts'
import { reasonOf } from './reason.ts'

/** Where tokens are to be had, as the app's MCP server tells (RFC 9728, RFC 8414). */

const TIMEOUT_MS = 10_000

/** @returns asks the first time and whenever that has failed */
export function discoverEndpoint (
  { mcpUrl, dial, client }: { mcpUrl: string, dial: Dial, client: Client }
): FindEndpoint {
  let known: TokenEndpoint | undefined
  return async signal => (known ??= await discover(mcpUrl, dial, client, signal))
}

async function discover (
  mcpUrl: string,
  dial: Dial,
  client: Client,
  signal: AbortSignal
): Promise<TokenEndpoint> {
  let outage: AuthUnreachableError | undefined
  const fetchFn: Fetch = async (url, init) => {
    // The SDK goes on to other places when one does not answer. Those would not be the ones that
    // the app names.
    if (outage !== undefined) throw outage
    try {
      const response = await dial(url, {
        ...init,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
      })
      if (response.status >= 500 || response.status === 429) {
        outage = noMetadata(url, String(response.status))
      }
      return response
    } catch (error) {
      outage = noMetadata(url, reasonOf(error), signal.aborted)
      throw error
    }
  }
  // Loaded when it is asked for: a process that only answers starts sooner and holds less.
  const { discoverOAuthServerInfo, selectClientAuthMethod } = await import(
    '@modelcontextprotocol/client'
  )
  const found = await discoverOAuthServerInfo(mcpUrl, { fetchFn }).catch((error: unknown) => {
    throw outage ??
      new LoginFailedError(
        `What ${shownAddress(mcpUrl)} tells about its sign-in cannot be read: ${
          reasonOf(error)
        }. Set where its tokens are to be had (of main: OAUTH_TOKEN_URL).`
      )
  })
  if (outage !== undefined) throw outage
  const { authorizationServerMetadata: metadata, resourceMetadata } = found
  if (metadata === undefined) {
    throw new LoginFailedError(
      `${
        shownAddress(mcpUrl)
      } tells nothing about its sign-in. Set where its tokens are to be had (of main: OAUTH_TOKEN_URL).`
    )
  }
  const url = metadata.token_endpoint
  if (!mayHoldSecrets(url, mcpUrl)) {
    throw new LoginFailedError(
      `The token endpoint that ${shownAddress(mcpUrl)} names, ${
        shownAddress(url)
      }, is neither https nor at the app itself. Set where its tokens are to be had (of main: OAUTH_TOKEN_URL).`
    )
  }
  const information = {
    client_id: client.id,
    ...(client.secret !== undefined && { client_secret: client.secret })
  }
  return {
    url,
    authMethod: selectClientAuthMethod(
      information,
      metadata.token_endpoint_auth_methods_supported ?? []
    ),
    resource: resourceMetadata?.resource
  }
}

/** The secret of the client goes there. */
function mayHoldSecrets (url: string, mcpUrl: string): boolean {
  return URL.canParse(url) &&
    (new URL(url).protocol === 'https:' || new URL(url).hostname === new URL(mcpUrl).hostname)
}

function noMetadata (url: string | URL, reason: string, isOver = false): AuthUnreachableError {
  return new AuthUnreachableError(
    `What the app tells about its sign-in cannot be had at ${
      shownAddress(String(url))
    }: ${reason}.`,
    {
      outage: isOver ? undefined : { service: 'app' }
    }
  )
}
