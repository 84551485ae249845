import { readFileSync } from 'node:fs'
import fp from 'fastify-plugin'
import type { Accounts } from '../../runner/accounts/account.ts'
import type { Vault } from '../../runner/accounts/vault.ts'
import { readPatterns } from '../../runner/tools/tool-policy.ts'
import { openClientSecret } from '../../runner/apps/client-secret.ts'
import { breakerOf, connectApp, type ConnectedApp } from '../../runner/apps/connect.ts'
import { getApp, listApps, type StoredApp } from '../../runner/apps/repository.ts'
import { FIRST_APP } from '../../personas/app-name.ts'
import { type AppSettings } from '../../runner/apps/schemas.ts'
import type { Config } from '../../platform/config.ts'
import { AppError, ConfigError, messageOf } from '../../platform/errors.ts'
import { readModuleRules, type ModuleRules } from '../../runner/modules/rules.ts'
import { readSeedSecrets } from '../../platform/keys.ts'
import { readEncryptionKeys } from '../../platform/seal.ts'

declare module 'fastify' {
  interface FastifyInstance {
    apps: {
      vault: Vault
      /** The one that the environment describes. */
      first: ConnectedApp
      /**
       * An app as it is set by now, in whichever process that was done. @throws AppNotFoundError
       */
      find(name: string): Promise<ConnectedApp>
      /** What an app is set to: by its row, or by the environment. */
      settingsOf(stored: Pick<StoredApp, 'settings'>): AppSettings
      /** By the names of all apps, the ids of their breakers. */
      breakers(): Promise<Map<string, string>>
    }
  }
}

/**
 * Decorates `app.apps`: the apps that personas live in, and what is stored for signing in to them.
 */
export default fp(async app => {
  const { config, dialler, database: { db } } = app
  const vault = { db, keys: readEncryptionKeys(config.ENCRYPTION_KEYS) }
  const { TOOL_TIMEOUT_MS: toolTimeoutMs, MAX_RESULT_BYTES: maxResultBytes } = config
  const surroundings = {
    dialler,
    vault,
    seedSecrets: readSeedSecrets(config),
    toolTimeoutMs,
    maxResultBytes
  }
  const firstSettings = settingsIn(config)
  const first = connectApp(FIRST_APP, firstSettings, config.OAUTH_CLIENT_SECRET, surroundings)
  const connected = new Map<string, { as: string, app: ConnectedApp }>()
  const settingsOf = ({ settings }: Pick<StoredApp, 'settings'>) => settings ?? firstSettings

  function connect (stored: StoredApp): ConnectedApp {
    try {
      return connectApp(
        stored.name,
        settingsOf(stored),
        openClientSecret(vault, stored),
        surroundings
      )
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      // It ends the run as any other failed sign-in does.
      const accounts: Accounts = {
        signIn: async () => {
          throw error
        }
      }
      return { ...connectApp(stored.name, settingsOf(stored), undefined, surroundings), accounts }
    }
  }

  app.decorate('apps', {
    vault,
    first,
    settingsOf,
    async find (name: string) {
      if (name === FIRST_APP) return first
      const stored = await getApp(db, name)
      const known = connected.get(name)
      // One that was deleted and set up anew begins with version 1 again.
      const as = `${stored.createdAt} ${stored.version}`
      if (known?.as === as) return known.app
      const app = connect(stored)
      connected.set(name, { as, app })
      return app
    },
    async breakers () {
      return new Map(
        (await listApps(db)).map(
          stored => [stored.name, breakerOf(stored.name, settingsOf(stored))]
        )
      )
    }
  })
}, { name: 'apps', dependencies: ['env', 'database', 'dialler'] })

/** @param given JSON, or the path of a file with it @throws ConfigError */
function readModules (given: string | undefined): ModuleRules {
  if (given === undefined) return []
  const isJson = given.trim().startsWith('{')
  const place = isJson ? 'MODULES' : `MODULES (${given})`
  return readModuleRules(parseJson(place, isJson ? given : readFile(place, given)), place)
}

function readFile (place: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `${place} must be JSON such as {"issues": ["*issue*"]}, or a file with it that can be read: ${
        messageOf(error)
      }`
    )
  }
}

function parseJson (place: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ConfigError(`${place} is not valid JSON: ${messageOf(error)}`)
  }
}

/** The first app, as the environment describes it. */
function settingsIn (config: Config): AppSettings {
  const { AUTH_URL, OAUTH_TOKEN_URL, OAUTH_CLIENT_ID, OAUTH_SCOPE } = config
  return {
    mcpUrl: config.MCP_URL,
    mcpTrusted: config.MCP_TRUSTED,
    accounts: config.ACCOUNTS ?? (AUTH_URL === undefined ? 'none' : 'password'),
    ...(AUTH_URL !== undefined && { authUrl: AUTH_URL, authSignUpPath: config.AUTH_SIGN_UP_PATH }),
    ...(OAUTH_TOKEN_URL !== undefined && { oauthTokenUrl: OAUTH_TOKEN_URL }),
    ...(OAUTH_CLIENT_ID !== undefined && { oauthClientId: OAUTH_CLIENT_ID }),
    ...(OAUTH_SCOPE !== undefined && { oauthScope: OAUTH_SCOPE }),
    toolPolicy: config.TOOL_POLICY,
    toolAllow: readPatterns(config.TOOL_ALLOW),
    toolDeny: readPatterns(config.TOOL_DENY),
    toolChanges: config.TOOL_CHANGES,
    ...(config.REPOSITORY_URL !== undefined && { repository: config.REPOSITORY_URL }),
    modules: readModules(config.MODULES).map(([module, tools]) => ({ module, tools: [...tools] }))
  }
}
