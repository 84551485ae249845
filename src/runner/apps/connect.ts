import { createHash } from 'node:crypto'
import { noAccounts, type Account, type Accounts } from '../accounts/account.ts'
import { clientCredentialAccounts } from '../accounts/client-credentials.ts'
import { headerAccounts } from '../accounts/headers.ts'
import { passwordAccounts } from '../accounts/login.ts'
import { discoverEndpoint } from '../accounts/oauth-discovery.ts'
import { refreshTokenAccounts } from '../accounts/refresh-token.ts'
import { SIGN_UP_PATH } from '../accounts/sign-up.ts'
import type { FindEndpoint } from '../accounts/token-endpoint.ts'
import type { Vault } from '../accounts/vault.ts'
import { createSlots } from '../mcp/request-slots.ts'
import type { ToolPolicy } from '../tools/tool-policy.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import type { Dialler } from '../../platform/dial/dialler.ts'
import type { ModuleRules } from '../modules/rules.ts'
import { FIRST_APP } from '../../personas/app-name.ts'
import { type AppSettings } from './schemas.ts'

/** Requests that the personas of this process have under way at one app, all together. */
const MAX_REQUESTS_AT_ONCE = 64

export type AccountKind = NonNullable<AppSettings['accounts']>

/**
 * An app as runs use it. Nothing in it is shared with another app: neither sessions nor tokens nor
 * places in a queue.
 */
export interface ConnectedApp {
  name: string
  accountKind: AccountKind
  /** Under which all processes share what they find out about its state. */
  breaker: string
  accounts: Accounts
  openToolbox(account: Account, signal: AbortSignal): Promise<Toolbox>
  toolPolicy: ToolPolicy & { changes: 'warn' | 'block' }
  /** The modules that an operator named; empty: they are derived from the tools. */
  modules: ModuleRules
}

interface Surroundings {
  dialler: Dialler
  vault: Vault
  seedSecrets: ReadonlyMap<number, string>
  toolTimeoutMs: number
  maxResultBytes: number
}

const VARIABLES = {
  mcpUrl: 'MCP_URL',
  authUrl: 'AUTH_URL',
  authSignUpPath: 'AUTH_SIGN_UP_PATH',
  oauthTokenUrl: 'OAUTH_TOKEN_URL'
}

/** Where an address, or a part of one, was set, for messages. */
export function placeOf (app: string, field: keyof typeof VARIABLES): string {
  return app === FIRST_APP ? VARIABLES[field] : `${field} of the app "${app}"`
}

export function connectApp (
  name: string,
  settings: AppSettings,
  clientSecret: string | undefined,
  surroundings: Surroundings
): ConnectedApp {
  const { mcpUrl, mcpTrusted: trusted = false, accounts: accountKind = 'none' } = settings
  const { dialler, toolTimeoutMs, maxResultBytes } = surroundings
  const slots = createSlots(MAX_REQUESTS_AT_ONCE)
  const dial = dialler.dialFor(placeOf(name, 'mcpUrl'))
  return {
    name,
    accountKind,
    breaker: breakerOf(name, settings),
    accounts: accountsOf(name, settings, clientSecret, surroundings),
    toolPolicy: {
      standard: settings.toolPolicy ?? 'allow',
      allow: settings.toolAllow ?? [],
      deny: settings.toolDeny ?? [],
      trusted,
      changes: settings.toolChanges ?? 'warn'
    },
    modules: (settings.modules ?? []).map(({ module, tools }) => [module, tools] as const),
    async openToolbox (account, signal) {
      // Loaded with the first run: a process that only answers starts sooner and holds less.
      const { openMcpToolbox } = await import('../mcp/toolbox.ts')
      const limits = { maxResponseBytes: maxResultBytes }
      return openMcpToolbox({
        ...account,
        url: mcpUrl,
        dial,
        callTimeoutMs: toolTimeoutMs,
        limits,
        trusted,
        slots
      }, signal)
    }
  }
}

/** Tells addresses apart without showing them; an app that moves elsewhere begins anew. */
export function breakerOf (name: string, { mcpUrl, authUrl, oauthTokenUrl }: AppSettings): string {
  const addresses = [mcpUrl, authUrl, oauthTokenUrl]
  const parts = name === FIRST_APP ? addresses : [name, ...addresses]
  return `app:${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8)}`
}

function accountsOf (
  name: string,
  settings: AppSettings,
  clientSecret: string | undefined,
  { dialler, vault, seedSecrets }: Surroundings
): Accounts {
  const {
    mcpUrl,
    authUrl,
    authSignUpPath = SIGN_UP_PATH,
    oauthTokenUrl,
    oauthClientId,
    oauthScope
  } = settings
  const client = { id: oauthClientId ?? '', secret: clientSecret }
  const oauth = () => {
    const dial = dialler.dialFor(
      placeOf(name, oauthTokenUrl === undefined ? 'mcpUrl' : 'oauthTokenUrl')
    )
    const authMethod = clientSecret === undefined ? 'none' : 'client_secret_basic'
    const given: FindEndpoint = async () => ({ url: oauthTokenUrl ?? '', authMethod })
    const findEndpoint = oauthTokenUrl === undefined
      ? discoverEndpoint({ mcpUrl, dial, client })
      : given
    return { dial, client, scope: oauthScope, findEndpoint }
  }
  switch (settings.accounts ?? 'none') {
    case 'none':
      return noAccounts
    case 'password':
      return passwordAccounts({
        // The settings check has ensured that it is set.
        authUrl: authUrl ?? '',
        seedSecret: seedSecrets,
        vault,
        dial: dialler.dialFor(placeOf(name, 'authUrl')),
        signUp: { path: authSignUpPath, setting: placeOf(name, 'authSignUpPath') },
        ...(name !== FIRST_APP && { app: name })
      })
    case 'headers':
      return headerAccounts(vault)
    case 'client-credentials':
      return clientCredentialAccounts(oauth())
    case 'refresh-token':
      return refreshTokenAccounts({ vault, ...oauth() })
  }
}
