import { Type, type Static } from 'typebox'
import { validateDetailed } from 'node-cron'
import { KEY_LIST, keyProblems, SEED_SECRET_LIST, seedSecretProblems } from './keys.ts'
import { ENCRYPTION_KEY_LIST, encryptionKeyProblems } from './seal.ts'

/**
 * Every environment variable there is. `description` is its line in `.env.example` (a test holds
 * the two together), `expects` completes "NAME must be …" when a value is wrong, `secret` keeps a
 * value out of every message, and a `list` holds several of them, each with a name (keys.ts).
 */
const url = (expects: string, description: string) =>
  Type.Optional(Type.String({ pattern: '^https?://[^\\s/]+', expects, description }))
const secret = (expects: string, description: string, minLength = 1) =>
  Type.Optional(Type.String({ minLength, expects, description, secret: true }))
const keyList = (description: string) =>
  Type.Optional(Type.String({
    pattern: KEY_LIST,
    expects:
      'up to four of kid:secret, separated by commas: a kid of letters, digits, dot, dash or underscore, and a secret of at least 8 characters without comma or space',
    description,
    secret: true,
    list: true
  }))
const count = (from: number, to: number, standard: number, description: string) =>
  Type.Integer({
    minimum: from,
    maximum: to,
    default: standard,
    expects: `a whole number from ${from} to ${to}`,
    description
  })
const dollars = (description: string) =>
  Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1_000_000,
      expects: 'an amount of US dollars above 0, such as 5 or 0.25',
      description
    })
  )
const patterns = (description: string) =>
  Type.Optional(Type.String({
    pattern: '^[^\\s,]+(\\s*,\\s*[^\\s,]+)*$',
    expects: 'names of tools with commas between them, * for anything, such as todo.*,notes.list',
    description
  }))

export const Config = Type.Object({
  NODE_ENV: Type.Enum(['development', 'test', 'production'], {
    default: 'development',
    expects: 'development, test or production',
    description:
      'production hides the diagnostic routes, logs JSON, and refuses weak or missing secrets (SECURITY.md)'
  }),
  HOST: Type.String({
    default: '127.0.0.1',
    minLength: 1,
    expects: 'an address to listen on',
    description: 'address to listen on; 0.0.0.0 for all'
  }),
  PORT: count(0, 65535, 3070, 'port to listen on; 0 takes any free one'),
  PUBLIC_URL: Type.Optional(Type.String({
    pattern: '^https?://[^\\s/?#@]+/?$',
    expects: 'the address that browsers open, without a path, such as https://personas.example.com',
    description:
      'where browsers find the pages; production needs it: cookies, links and the check of where a form comes from go by it, and other names are refused (421)'
  })),
  ALLOWED_HOSTS: Type.Optional(Type.String({
    pattern: '^[^\\s,/]+(\\s*,\\s*[^\\s,/]+)*$',
    expects: 'names with their ports and commas between them, such as persona-runner:3070',
    description:
      'further names that this server answers to besides PUBLIC_URL and loopback, such as that of a service within a cluster'
  })),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    expects: 'fatal, error, warn, info, debug, trace or silent',
    description: 'how much to log'
  }),
  DIAGNOSTICS: Type.Optional(Type.Boolean({
    expects: 'true or false',
    description:
      'the routes under /diag, which need no key; unset: open outside production. Production refuses true'
  })),
  KEY_RATE_LIMIT: count(1, 10_000_000, 6000, 'requests per minute with one key, per process'),
  ADDRESS_RATE_LIMIT: count(
    1,
    10_000_000,
    1200,
    'requests per minute from one address without a key, pages among them, per process'
  ),
  REQUEST_LIMIT: count(
    1,
    100_000,
    200,
    'requests that this process works on at once; those above are told to come back (503)'
  ),

  DATABASE_URL: Type.Optional(Type.String({
    pattern: '^postgres(ql)?://\\S+$',
    expects: 'a URL like postgres://user:password@host:5432/name',
    description:
      'a Postgres server (14 or newer); unset: embedded storage in DATA_DIR, for one process',
    secret: true
  })),
  DATA_DIR: Type.String({
    default: './data',
    minLength: 1,
    expects: 'a folder',
    description: 'folder of the embedded storage'
  }),
  DATABASE_POOL: count(3, 200, 10, 'connections to the Postgres server per process'),

  SERVICE_KEY: secret(
    'at least 8 characters',
    'key of the internal routes (header X-Service-Key); without any the runner stays off',
    8
  ),
  SERVICE_KEYS: keyList(
    'several of them, to change keys without a gap: kid:secret,kid:secret; the kid stands in logs'
  ),
  ADMIN_KEY: secret(
    'at least 8 characters',
    'key of the admin routes (Authorization: Bearer …) and of the pages; without any they answer 401',
    8
  ),
  ADMIN_KEYS: keyList('several of them: kid:secret,kid:secret'),
  VIEWER_KEY: secret(
    'at least 8 characters',
    'key that opens the pages and the GET routes of the admin for reading only; unset: only ADMIN_KEY does',
    8
  ),
  VIEWER_KEYS: keyList('several of them: kid:secret,kid:secret'),
  DEPLOY_KEY: secret(
    'at least 8 characters',
    'key that may announce a release of the app and nothing else, for a deploy script',
    8
  ),
  DEPLOY_KEYS: keyList('several of them: kid:secret,kid:secret'),

  ANTHROPIC_API_KEY: secret(
    'a key of the Claude API',
    'key of the Claude API; without it the runner stays off'
  ),
  ANTHROPIC_BASE_URL: url(
    'a URL that begins with http:// or https://',
    'another address of the Claude API, for a proxy or a stand-in'
  ),
  ANTHROPIC_MODEL: Type.String({
    default: 'claude-sonnet-5-5',
    minLength: 1,
    expects: 'the id of a model',
    description: 'the model that plays the personas'
  }),

  MCP_URL: Type.String({
    default: 'http://127.0.0.1:3071/mcp',
    pattern: '^https?://[^\\s/]+',
    expects: 'a URL that begins with http:// or https://',
    description: 'the MCP server of your app (streamable HTTP)'
  }),
  MCP_TRUSTED: Type.Boolean({
    default: false,
    expects: 'true or false',
    description:
      'true: believe the app when it declares a tool read-only or idempotent, and repeat such a call after a crash'
  }),
  TOOL_POLICY: Type.Enum(['allow', 'read-only', 'deny', 'browser', 'files'], {
    default: 'allow',
    expects: 'allow, read-only, deny, browser or files',
    description:
      "which of the app's tools personas may use: allow all but those that destroy, pay or invite, only those that read, none, or what the app is for: browser, files"
  }),
  TOOL_ALLOW: patterns(
    'tools that are allowed besides, whatever the app declares of them; what destroys by its name must be spelt out, such as todo.delete'
  ),
  TOOL_DENY: patterns('tools that are denied whatever else allows them'),
  TOOL_CHANGES: Type.Enum(['warn', 'block'], {
    default: 'warn',
    expects: 'warn or block',
    description:
      'a tool that the app describes otherwise than before: warn in the log, or block it until POST /api/v1/admin/tools/accept'
  }),
  REPOSITORY_URL: Type.Optional(Type.String({
    pattern: '^https?://[^\\s/]+[^\\s]*$',
    expects: 'an address such as https://github.com/acme/app',
    description:
      'where issues of the app are filed; each finding then has a link that fills a new one'
  })),
  MODULES: Type.Optional(Type.String({
    minLength: 1,
    expects: 'JSON such as {"issues": ["*issue*"]}, or the path of a file with it',
    description:
      'the modules of the app, each with patterns of its tools, as JSON or a file with it; the first that covers a tool decides; unset: derived from the names of the tools'
  })),
  AUTH_URL: url(
    'a URL that begins with http:// or https://',
    'the sign-in service of your app; unset: an app without accounts'
  ),
  AUTH_SIGN_UP_PATH: Type.String({
    default: '/api/auth/sign-up/email',
    pattern: '^/[^\\s?#\\\\]*$',
    expects: 'a path that begins with /, such as /api/auth/sign-up/email',
    description:
      'where it takes { email, password, name } for a new account, below AUTH_URL; for npm run seed:personas -- --sign-up'
  }),
  ACCOUNTS: Type.Optional(
    Type.Enum(['none', 'password', 'headers', 'client-credentials', 'refresh-token'], {
      expects: 'none, password, headers, client-credentials or refresh-token',
      description:
        'how personas sign in to your app (README, Accounts): none, password, headers, client-credentials or refresh-token; unset: password with AUTH_URL, else none'
    })
  ),
  PERSONA_SEED_SECRET: secret(
    'at least 16 characters',
    'the passwords of the personas are derived from it; needed with AUTH_URL',
    16
  ),
  PERSONA_SEED_SECRETS: Type.Optional(Type.String({
    pattern: SEED_SECRET_LIST,
    expects:
      'up to four of version:secret, separated by commas: a version from 1 to 999, and a secret of at least 16 characters without comma or space',
    description:
      'several of them, to change the secret persona by persona (README, Accounts): version:secret,version:secret; the first is for new personas',
    secret: true,
    list: true
  })),
  OAUTH_TOKEN_URL: url(
    'a URL that begins with http:// or https://',
    'the token endpoint of your app, for client-credentials and refresh-token; unset: as the MCP server tells (RFC 9728)'
  ),
  OAUTH_CLIENT_ID: Type.Optional(
    Type.String({
      minLength: 1,
      expects: 'the id of an OAuth client',
      description: 'the OAuth client that your app knows the personas by'
    })
  ),
  OAUTH_CLIENT_SECRET: secret(
    'the secret of an OAuth client',
    'its secret; unset: a public client, which only refresh-token allows'
  ),
  OAUTH_SCOPE: Type.Optional(
    Type.String({
      minLength: 1,
      expects: 'scopes with spaces between',
      description:
        'what to ask the token endpoint for, with spaces between; unset: what it gives by itself'
    })
  ),
  ENCRYPTION_KEYS: Type.Optional(Type.String({
    pattern: ENCRYPTION_KEY_LIST,
    expects:
      'up to four of kid:KEY, separated by commas: a kid of letters, digits, dot, dash or underscore, and a KEY that is base64 of 32 bytes',
    description:
      'what stored accounts are encrypted under: kid:KEY,kid:KEY, each KEY made by openssl rand -base64 32; the first encrypts, the others still open',
    secret: true,
    list: true
  })),

  PRIVATE_HOSTS: Type.Optional(Type.String({
    pattern: '^[^\\s,]+(\\s*,\\s*[^\\s,]+)*$',
    expects: 'host names, addresses and ranges such as app.example.com,10.1.0.0/16',
    description:
      'internal places that the runner may connect to in production, apart from hosts of MCP_URL, AUTH_URL and OAUTH_TOKEN_URL that are plainly internal: host names, addresses, ranges, with commas between'
  })),

  TICK_SCHEDULE: Type.String({
    default: '* * * * *',
    minLength: 1,
    expects: 'a cron expression',
    description: 'when to look for due personas, as a cron expression'
  }),
  PERSONA_CONCURRENCY: count(1, 256, 2, 'how many personas live their day at once in this process'),
  QUEUE_LIMIT: count(1, 100_000, 1000, 'how many runs may wait in the queue, over all processes'),
  MAX_TURNS: count(1, 100, 15, 'turns (model replies) of one day at most'),
  MAX_TOOL_CALLS: count(1, 1000, 100, 'tool calls of one day at most'),
  MAX_INPUT_TOKENS: count(
    1000,
    10_000_000,
    200_000,
    'tokens that one day may send to the model at most; what is read from the cache does not count'
  ),
  MAX_OUTPUT_TOKENS: count(
    256,
    1_000_000,
    20_000,
    'tokens that one day may get from the model at most'
  ),
  MAX_RUN_USD: dollars('what one day may cost at most, in US dollars; unset: no limit'),
  DAILY_BUDGET_USD: dollars(
    'what all days together may cost per day (UTC), over all processes, in US dollars; unset: no limit'
  ),
  MODEL_PRICE: Type.Optional(Type.String({
    pattern: '^\\d+(\\.\\d+)?/\\d+(\\.\\d+)?$',
    expects: 'two amounts of US dollars such as 2/10',
    description:
      'price of the model per million tokens, input/output, in US dollars; unset: as listed in src/runner/models/prices.json'
  })),
  UNKNOWN_PRICE: Type.Enum(['refuse', 'warn'], {
    default: 'refuse',
    expects: 'refuse or warn',
    description:
      'what to do where a limit in US dollars is set and the price of the model is not known: refuse to start, or warn and count nothing'
  }),
  MAX_REPLY_TOKENS: count(256, 21_000, 4096, 'tokens of one model reply at most'),
  TOOL_TIMEOUT_MS: count(100, 600_000, 60_000, 'how long one tool call may take, in milliseconds'),
  MAX_ANSWER_BYTES: count(
    10_000,
    100_000_000,
    4_000_000,
    'bytes of one answer of the model at most; a larger one is not read to its end'
  ),
  MAX_RESULT_BYTES: count(
    10_000,
    50_000_000,
    1_000_000,
    'bytes of one answer of the app at most, a list of tools or a result; pictures and files in it do not count, and are never shown'
  ),
  RUN_TIMEOUT_MS: count(1000, 3_600_000, 600_000, 'how long one run may take, in milliseconds'),
  HEARTBEAT_SECONDS: count(
    10,
    600,
    60,
    'a process that has not been heard of for this long is taken for dead, and others go on with its runs'
  ),
  RUNNER_PAUSED: Type.Boolean({
    default: false,
    expects: 'true or false',
    description: 'true: this process opens no runs by itself'
  })
})
export type Config = Static<typeof Config>

interface Annotations {
  description: string
  expects: string
  secret?: boolean
  list?: boolean
}

/** The annotations of one variable. */
export function annotationsOf (name: string): Annotations | undefined {
  return (Config.properties as Record<string, unknown>)[name] as Annotations | undefined
}

export const VARIABLES = Object.keys(Config.properties)

/**
 * An empty value means unset: `KEY=` in a `.env` file and `KEY: ${KEY}` in a compose file both
 * arrive as one.
 */
export function withoutEmpty (env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => (entry[1] ?? '').trim() !== '')
  )
}

/**
 * All that is wrong with an environment, one line per variable, never with the value of a secret.
 * @param wrong names of variables that the schema refused
 */
export function explainConfig (env: Record<string, string>, wrong: Iterable<string>): string[] {
  const lines = [...new Set(wrong)].map(name => {
    const about = annotationsOf(name)
    const got = about?.secret ? '' : ` (it is ${JSON.stringify(env[name])})`
    return `${name} must be ${about?.expects ?? 'valid'}${got}`
  })
  return [...lines, ...brokenRules(env)]
}

/** `fetch` takes no address with a password in it; and it would stand in messages. */
function passwordsInAddresses (env: Record<string, string>): string[] {
  return ['ANTHROPIC_BASE_URL', 'MCP_URL', 'AUTH_URL', 'OAUTH_TOKEN_URL'].filter(name => {
    const url = URL.canParse(env[name] ?? '') ? new URL(env[name] ?? '') : undefined
    return url !== undefined && url.username + url.password !== ''
  }).map(name =>
    `${name} must not hold a user or a password before the @: such an address cannot be called`
  )
}

/** What no schema can say. */
function brokenRules (env: Record<string, string>): string[] {
  const lines: string[] = []
  if (env.TICK_SCHEDULE !== undefined && !validateDetailed(env.TICK_SCHEDULE).valid) {
    lines.push(
      `TICK_SCHEDULE must be a cron expression such as "* * * * *" (it is ${
        JSON.stringify(env.TICK_SCHEDULE)
      })`
    )
  }
  if (
    env.AUTH_URL !== undefined && env.PERSONA_SEED_SECRET === undefined &&
    env.PERSONA_SEED_SECRETS === undefined
  ) {
    lines.push(
      'PERSONA_SEED_SECRET must be set (at least 16 characters), because AUTH_URL is: the passwords of the personas are derived from it'
    )
  }
  lines.push(
    ...missingForAccounts(env),
    ...passwordsInAddresses(env),
    ...keyProblems(env),
    ...seedSecretProblems(env)
  )
  return [...lines, ...encryptionKeyProblems(env.ENCRYPTION_KEYS)]
}

/** What each kind of account cannot do without. */
const NEEDS: Record<string, string[]> = {
  password: ['AUTH_URL'],
  'client-credentials': ['OAUTH_CLIENT_ID', 'OAUTH_CLIENT_SECRET'],
  'refresh-token': ['OAUTH_CLIENT_ID']
}

function missingForAccounts (env: Record<string, string>): string[] {
  const needed = NEEDS[env.ACCOUNTS ?? ''] ?? []
  return needed.filter(name => env[name] === undefined).map(name =>
    `${name} must be set, because ACCOUNTS is ${env.ACCOUNTS}`
  )
}
