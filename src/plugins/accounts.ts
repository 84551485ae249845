import fp from 'fastify-plugin'
import { noAccounts, type Accounts } from '../accounts/account.ts'
import { clientCredentialAccounts } from '../accounts/client-credentials.ts'
import { headerAccounts } from '../accounts/headers.ts'
import { passwordAccounts } from '../accounts/login.ts'
import { discoverEndpoint } from '../accounts/oauth-discovery.ts'
import { refreshTokenAccounts } from '../accounts/refresh-token.ts'
import type { FindEndpoint } from '../accounts/token-endpoint.ts'
import type { Vault } from '../accounts/vault.ts'
import type { Config } from '../config.ts'
import type { Dialler } from '../dial/dialler.ts'
import { readEncryptionKeys } from '../seal.ts'

declare module 'fastify' {
  interface FastifyInstance {
    accounts: {
      kind: NonNullable<Config['ACCOUNTS']>
      vault: Vault
      accounts: Accounts
    }
  }
}

/** Decorates `app.accounts`: how personas sign in to the app under test, and what is stored for that. */
export default fp(async app => {
  const { config, dialler } = app
  const vault = { db: app.database.db, keys: readEncryptionKeys(config.ENCRYPTION_KEYS) }
  const kind = config.ACCOUNTS ?? (config.AUTH_URL === undefined ? 'none' : 'password')
  app.decorate('accounts', { kind, vault, accounts: accountsOf(kind, config, dialler, vault) })
}, { name: 'accounts', dependencies: ['env', 'database', 'dialler'] })

function accountsOf (kind: NonNullable<Config['ACCOUNTS']>, config: Config, dialler: Dialler, vault: Vault): Accounts {
  switch (kind) {
    case 'none': return noAccounts
    case 'password': return passwordAccounts({
      // config.ts has seen that both are there.
      authUrl: config.AUTH_URL ?? '', seedSecret: config.PERSONA_SEED_SECRET ?? '', dial: dialler.dialFor('AUTH_URL')
    })
    case 'headers': return headerAccounts(vault)
    case 'client-credentials': return clientCredentialAccounts(oauthOf(config, dialler))
    case 'refresh-token': return refreshTokenAccounts({ vault, ...oauthOf(config, dialler) })
  }
}

function oauthOf (config: Config, dialler: Dialler) {
  const { OAUTH_TOKEN_URL: url, OAUTH_CLIENT_ID: id = '', OAUTH_CLIENT_SECRET: secret, OAUTH_SCOPE: scope, MCP_URL: mcpUrl } = config
  const client = { id, secret }
  const dial = dialler.dialFor(url === undefined ? 'MCP_URL' : 'OAUTH_TOKEN_URL')
  const given: FindEndpoint = async () => ({ url: url ?? '', authMethod: secret === undefined ? 'none' : 'client_secret_basic' })
  return { dial, client, scope, findEndpoint: url === undefined ? discoverEndpoint({ mcpUrl, dial, client }) : given }
}
