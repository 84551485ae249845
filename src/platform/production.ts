import { annotationsOf, VARIABLES, withoutEmpty } from './config.ts'
import { ConfigError } from './errors.ts'
import { readKeyList } from './keys.ts'

/**
 * What must not be in production, whatever works in development. Pure. Never says a value.
 */

const SHORTEST_SECRET = 16
/** Words that stand in examples, in tutorials and in our own tests, but in no random value. */
const DEFAULTS = new RegExp(
  [
    'change.?me',
    'replace.?me',
    'placeholder',
    'example',
    'default',
    'passwor[dt]',
    'secret',
    'for-tests',
    'test-?key',
    'stand-?in',
    'your[-_ ]',
    '<.*>',
    'admin',
    'letmein',
    'qwerty',
    '123456',
    'abcdef'
  ].join('|'),
  'i'
)
/** Fewer different characters than that are a pattern: `aaaaaaaaaaaaaaaa`, `abababababababab`. */
const FEWEST_CHARACTERS = 6

type Environment = Record<string, string>

/**
 * @throws ConfigError in production, for an environment that is only good enough for development
 */
export function refuseUnfit (env: Record<string, string | undefined>): void {
  const { NODE_ENV, ...others } = withoutEmpty(env)
  const problems = NODE_ENV === 'production' ? productionProblems(others) : []
  if (problems.length > 0) {
    throw new ConfigError(
      `The environment is not fit for production:\n${
        problems.map(line => `  - ${line}`).join('\n')
      }`
    )
  }
}

/** One line per variable, as in `explainConfig`. */
export function productionProblems (env: Environment): string[] {
  const secrets = secretsOf(env)
  return [
    ...missing(env),
    ...secrets.flatMap(({ name, value, isPassword }) =>
      weakness(value, isPassword === true).map(what => `${name} ${what}`)
    ),
    ...reused(secrets),
    ...derivedKeys(env),
    ...accounts(env),
    ...exposed(env)
  ]
}

/** Required in production: without them the server would start and do nothing. */
function missing (env: Environment): string[] {
  const isThere = (...names: string[]) => names.some(name => env[name] !== undefined)
  return [
    ...(isThere('PUBLIC_URL')
      ? []
      : [
        'PUBLIC_URL must be set in production to the address that browsers open, such as https://personas.example.com'
      ]),
    ...(isThere('SERVICE_KEY', 'SERVICE_KEYS')
      ? []
      : ['SERVICE_KEY or SERVICE_KEYS must be set in production']),
    ...(isThere('ADMIN_KEY', 'ADMIN_KEYS')
      ? []
      : ['ADMIN_KEY or ADMIN_KEYS must be set in production']),
    ...(isThere('ANTHROPIC_API_KEY') || env.RUNNER_PAUSED === 'true'
      ? []
      : [
        'ANTHROPIC_API_KEY must be set in production, or RUNNER_PAUSED=true where this process is to run nobody'
      ])
  ]
}

interface Secret {
  name: string
  value: string
  isPassword?: boolean
}

/**
 * Every secret there is, each under the variable it stands in; a kid is no secret and tells which
 * one is meant.
 */
function secretsOf (env: Environment): Secret[] {
  return VARIABLES.filter(name => annotationsOf(name)?.secret).flatMap((name): Secret[] => {
    const value = env[name]
    if (value === undefined) return []
    if (annotationsOf(name)?.list) {
      return readKeyList(value).map(({ kid, secret }) => ({
        name: `${name} (${kid})`,
        value: secret
      }))
    }
    if (name !== 'DATABASE_URL') return [{ name, value }]
    const password = URL.canParse(value) ? new URL(value).password : ''
    return password === '' ? [] : [{ name, value: password, isPassword: true }]
  })
}

/** A database may have its own rules for the length of its passwords. */
function weakness (value: string, isPassword: boolean): string[] {
  if (DEFAULTS.test(value) || (isPassword && value === 'postgres')) {
    return ['must be a secret of your own in production, not one of an example']
  }
  if (isPassword) return []
  if (value.length < SHORTEST_SECRET) {
    return [`must have at least ${SHORTEST_SECRET} characters in production`]
  }
  return new Set(value).size < FEWEST_CHARACTERS
    ? ['must be random in production, such as openssl rand -hex 24 makes it']
    : []
}

function reused (secrets: Secret[]): string[] {
  return secrets.flatMap(({ name, value }, i) => {
    const first = secrets.slice(0, i).find(secret => secret.value === value)
    return first === undefined
      ? []
      : [`${name} must differ from ${first.name}: who has the one would have the other`]
  })
}

/** Fewer different bytes than that are a pattern: 32 random ones have 30 on average. */
const FEWEST_BYTES = 20

/** What encrypts must be random itself: words in base64 look as if they were. */
function derivedKeys ({ ENCRYPTION_KEYS = '' }: Environment): string[] {
  const isText = (bytes: Buffer) => bytes.every(byte => byte >= 0x20 && byte < 0x7f)
  const isRandom = (bytes: Buffer) =>
    bytes.length === 32 && !isText(bytes) && new Set(bytes).size >= FEWEST_BYTES
  return readKeyList(ENCRYPTION_KEYS)
    .filter(({ secret }) =>
      weakness(secret, false).length === 0 && !isRandom(Buffer.from(secret, 'base64'))
    )
    .map(({ kid }) =>
      `ENCRYPTION_KEYS (${kid}) must be 32 random bytes in production, such as openssl rand -base64 32 makes them`
    )
}

/** Where what a persona signs in with is kept, and where it is sent. */
function accounts ({ ACCOUNTS, ENCRYPTION_KEYS, OAUTH_TOKEN_URL }: Environment): string[] {
  const isStored = ACCOUNTS === 'headers' || ACCOUNTS === 'refresh-token'
  const asksForTokens = ACCOUNTS === 'client-credentials' || ACCOUNTS === 'refresh-token'
  return [
    ...(isStored && ENCRYPTION_KEYS === undefined
      ? [
        `ENCRYPTION_KEYS must be set in production, because ACCOUNTS is ${ACCOUNTS}: nothing is stored without`
      ]
      : []),
    ...(asksForTokens && OAUTH_TOKEN_URL === undefined
      ? [
        `OAUTH_TOKEN_URL must be set in production, because ACCOUNTS is ${ACCOUNTS}: else the app itself would say who gets its secrets`
      ]
      : []),
    ...(OAUTH_TOKEN_URL?.startsWith('http:')
      ? [
        'OAUTH_TOKEN_URL must begin with https:// in production, or secrets could be read on the way'
      ]
      : [])
  ]
}

function isReadOnTheWay (url = ''): boolean {
  return url.startsWith('http:') && URL.canParse(url) &&
    !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)
}

function exposed (env: Environment): string[] {
  return [
    ...(env.ANTHROPIC_BASE_URL?.startsWith('http:')
      ? [
        'ANTHROPIC_BASE_URL must begin with https:// in production, or the key of the model could be read on the way'
      ]
      : []),
    ...(isReadOnTheWay(env.PUBLIC_URL)
      ? [
        'PUBLIC_URL must begin with https:// in production unless it is on this machine, or sessions could be read on the way'
      ]
      : []),
    ...(env.DIAGNOSTICS === 'true'
      ? ['DIAGNOSTICS must not be true in production: these routes need no key']
      : [])
  ]
}
