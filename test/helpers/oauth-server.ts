import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { text } from 'node:stream/consumers'

/**
 * A little OAuth server: access tokens that live for seconds, refresh tokens that hold once and are
 * taken for stolen when they come again, client credentials, metadata; and in front of an MCP
 * server the guard that asks for its tokens.
 */

export const CLIENT = { id: 'runner:1', secret: 'canary client secret' }

/** Where a tool says this, the app says the token that it was shown. */
export const REPEAT_TOKEN = 'repeat-the-token'

export interface OAuthServer {
  url: string
  tokenUrl: string
  /** Guarded; refuses without a token of this server. */
  mcpUrl: string
  /** Begins the sign-in of an account. @returns its first refresh token */
  grant(account: string): string
  /** No access token that was issued so far holds any longer. */
  endAccessTokens(): void
  /** Every token there has been. */
  issued: string[]
  /** Whose access tokens the MCP server has seen, by token. */
  holders: Map<string, string>
  seen: {
    exchanges: number
    twice: number
    refusedCalls: number
    calls: number
    shownBy: Set<string>
  }
  /** What the token endpoint does instead, before it looks at anything. */
  instead: ((req: IncomingMessage, res: ServerResponse) => void) | undefined
  /** The next exchange is carried out and its answer cut off. */
  cutNext: boolean
}

export interface OAuthServerOptions {
  lifeMs: number
  /** The MCP server behind the guard. */
  mcpUrl?: string
  /** What the token endpoint of the metadata is, in place of this server's own. */
  namedTokenUrl?: string
}

interface Teardown {
  teardown(fn: () => Promise<void> | void): void
}

export async function startOAuthServer (
  t: Teardown,
  { lifeMs, mcpUrl, namedTokenUrl }: OAuthServerOptions
): Promise<OAuthServer> {
  const refreshTokens = new Map<string, { account: string, used: boolean }>()
  const accessTokens = new Map<string, { account: string, endsAt: number }>()
  const ended = new Set<string>()

  const server = createServer((req, res) => {
    const path = req.url?.split('?')[0]
    if (path === '/token') serveToken(req, res).catch(() => res.destroy())
    else if (path === '/mcp') guard(req, res)
    else if (path === '/.well-known/oauth-protected-resource/mcp') {
      json(res, 200, { resource: oauth.mcpUrl, authorization_servers: [oauth.url] })
    } else if (path === '/.well-known/oauth-authorization-server') json(res, 200, metadata())
    else json(res, 404, {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const oauth: OAuthServer = {
    url,
    tokenUrl: `${url}/token`,
    mcpUrl: `${url}/mcp`,
    grant (account) {
      ended.delete(account)
      return newRefreshToken(account)
    },
    endAccessTokens: () => accessTokens.clear(),
    issued: [],
    holders: new Map(),
    seen: { exchanges: 0, twice: 0, refusedCalls: 0, calls: 0, shownBy: new Set() },
    instead: undefined,
    cutNext: false
  }

  function metadata () {
    return {
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: namedTokenUrl ?? oauth.tokenUrl,
      response_types_supported: ['code'],
      token_endpoint_auth_methods_supported: ['client_secret_post']
    }
  }

  function issue (): string {
    const token = `canary-${randomBytes(18).toString('base64url')}`
    oauth.issued.push(token)
    return token
  }

  function newRefreshToken (account: string): string {
    const token = issue()
    refreshTokens.set(token, { account, used: false })
    return token
  }

  function tokensFor (account: string, withRefreshToken: boolean) {
    const token = issue()
    accessTokens.set(token, { account, endsAt: performance.now() + lifeMs })
    oauth.holders.set(token, account)
    return {
      access_token: token,
      token_type: 'Bearer',
      expires_in: lifeMs / 1000,
      ...(withRefreshToken && { refresh_token: newRefreshToken(account) })
    }
  }

  async function serveToken (req: IncomingMessage, res: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(req))
    if (oauth.instead !== undefined) return oauth.instead(req, res)
    if (!isClient(req, form)) {
      return json(res, 401, {
        error: 'invalid_client',
        error_description: `who is ${form.get('client_secret')}?`
      })
    }
    if (form.get('grant_type') === 'client_credentials') {
      return json(res, 200, tokensFor('the client', false))
    }
    oauth.seen.exchanges++
    const presented = refreshTokens.get(form.get('refresh_token') ?? '')
    if (presented?.used === true) {
      oauth.seen.twice++
      ended.add(presented.account)
    }
    if (presented === undefined || presented.used || ended.has(presented.account)) {
      return json(res, 400, {
        error: 'invalid_grant',
        error_description: `${form.get('refresh_token')} is used up`
      })
    }
    presented.used = true
    // As long as a real one takes, so that those who come at once do meet.
    await pause(25)
    const cut = oauth.cutNext
    oauth.cutNext = false
    if (cut) res.destroy()
    else json(res, 200, tokensFor(presented.account, true))
  }

  function guard (req: IncomingMessage, res: ServerResponse): void {
    oauth.seen.calls++
    const token = req.headers.authorization?.replace(/^Bearer /, '') ?? ''
    const access = accessTokens.get(token)
    if (access === undefined || access.endsAt < performance.now()) {
      oauth.seen.refusedCalls++
      // It repeats what it was shown, as careless apps do.
      return json(res, 401, { error: `the token ${token} does not hold` })
    }
    oauth.seen.shownBy.add(access.account)
    const { host, authorization, ...headers } = req.headers
    const onward = forward(mcpUrl ?? '', { method: req.method, headers }, answer => {
      const { 'content-length': length, ...others } = answer.headers
      res.writeHead(answer.statusCode ?? 502, others)
      answer.setEncoding('utf8').on(
        'data',
        (chunk: string) => res.write(chunk.replaceAll(REPEAT_TOKEN, token))
      ).on('end', () => res.end())
    })
    onward.on('error', () => res.destroy())
    res.on('close', () => onward.destroy())
    req.pipe(onward)
  }
  return oauth
}

function isClient (req: IncomingMessage, form: URLSearchParams): boolean {
  const [id = '', secret = ''] = Buffer.from(
    req.headers.authorization?.replace(/^Basic /, '') ?? '',
    'base64'
  ).toString().split(':')
    .map(part => decodeURIComponent(part.replaceAll('+', ' ')))
  const shown = req.headers.authorization === undefined
    ? { id: form.get('client_id'), secret: form.get('client_secret') }
    : { id, secret }
  return shown.id === CLIENT.id && shown.secret === CLIENT.secret
}

function json (res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
