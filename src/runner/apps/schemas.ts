import { Type, type Static } from 'typebox'
import { AppName } from '../../personas/app-name.ts'
import { MODULE_NAME } from '../modules/rules.ts'

export const APP_URL = '^https?://[^\\s/]+[^\\s]*$'

/** As it is appended to an address. */
const URL_PATH = '^/[^\\s?#\\\\]*$'

const Url = (description: string) => Type.String({ pattern: APP_URL, maxLength: 2000, description })
const Patterns = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 100, description })

/** What the variables of the same names say of the first app. */
export const AppSettings = Type.Object({
  mcpUrl: Url('the MCP server of the app (streamable HTTP)'),
  mcpTrusted: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'believe the app when it declares a tool read-only or idempotent'
    })
  ),
  accounts: Type.Optional(
    Type.Enum(['none', 'password', 'headers', 'client-credentials', 'refresh-token'], {
      default: 'none',
      description: 'how personas sign in'
    })
  ),
  authUrl: Type.Optional(Url('the sign-in service, for password')),
  authSignUpPath: Type.Optional(Type.String({
    pattern: URL_PATH,
    maxLength: 500,
    description:
      'where it takes { email, password, name } for a new account, below authUrl; left out: /api/auth/sign-up/email'
  })),
  oauthTokenUrl: Type.Optional(
    Url(
      'the token endpoint, for client-credentials and refresh-token; left out: as the MCP server tells'
    )
  ),
  oauthClientId: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  oauthScope: Type.Optional(Type.String({ minLength: 1, maxLength: 2000 })),
  toolPolicy: Type.Optional(
    Type.Enum(['allow', 'read-only', 'deny', 'browser', 'files'], { default: 'allow' })
  ),
  toolAllow: Type.Optional(
    Patterns(
      'tools that are allowed besides, whatever the app declares of them; what destroys by its name must be spelt out'
    )
  ),
  toolDeny: Type.Optional(Patterns('tools that are denied whatever else allows them')),
  toolChanges: Type.Optional(Type.Enum(['warn', 'block'], { default: 'warn' })),
  repository: Type.Optional(
    Url(
      'where its issues are filed, such as https://github.com/acme/app, for a link of each finding'
    )
  ),
  modules: Type.Optional(Type.Array(
    Type.Object({
      module: Type.String({
        pattern: MODULE_NAME,
        description: 'no / \\ ? # in it, and no two underscores at the start'
      }),
      tools: Type.Array(Type.String({ pattern: '^[^\\s,]{1,200}$' }), {
        minItems: 1,
        maxItems: 200,
        description: 'patterns of tools, with * for anything'
      })
    }, { additionalProperties: false }),
    {
      maxItems: 100,
      description:
        'the modules of the tools: the first pattern that covers a tool decides; left out: derived from their names'
    }
  ))
}, { additionalProperties: false })
export type AppSettings = Static<typeof AppSettings>

export const AppInput = Type.Object({
  ...AppSettings.properties,
  oauthClientSecret: Type.Optional(Type.String({
    minLength: 1,
    maxLength: 4000,
    description:
      'never shown again; left out, the stored one stays as long as it goes to the same address'
  }))
}, { $id: 'AppInput', additionalProperties: false })
export type AppInput = Static<typeof AppInput>

const Instant = Type.String({ format: 'date-time' })

export const App = Type.Object({
  name: AppName,
  definedBy: Type.Enum(['environment', 'admin'], {
    description: 'environment: by the variables of the process that answers; they are changed there'
  }),
  settings: AppSettings,
  hasClientSecret: Type.Boolean(),
  personas: Type.Integer({ description: 'how many live in it' }),
  version: Type.Integer({ description: 'counts changes of the settings' }),
  createdAt: Instant,
  updatedAt: Instant,
  idlePatterns: Type.Optional(Type.Array(Type.String(), {
    description:
      'in the answer to a PUT: patterns of modules that cover no tool that the app has ever shown; left out where there are none'
  }))
}, { $id: 'App', additionalProperties: false })
export type App = Static<typeof App>
