import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import fastify from 'fastify'
import t from 'tap'
import { annotationsOf, Config, VARIABLES } from '../../src/platform/config.ts'
import type { ConfigError } from '../../src/platform/errors.ts'
import env from '../../src/web/plugins/env.ts'

/** What the environment comes to, or throws. */
async function load (variables: Record<string, string | undefined>): Promise<Readonly<Config>> {
  const app = fastify()
  try {
    await app.register(env, { env: variables })
    return app.config
  } finally {
    await app.close()
  }
}

async function refusal (variables: Record<string, string>): Promise<ConfigError> {
  try {
    await load(variables)
  } catch (error) {
    return error as ConfigError
  }
  throw new Error(`nothing was refused in ${JSON.stringify(variables)}`)
}

t.test('an empty environment is a complete one', async t => {
  t.match(await load({}), {
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: 3070,
    LOG_LEVEL: 'info',
    DATABASE_URL: undefined,
    DATA_DIR: './data',
    SERVICE_KEY: undefined,
    TICK_SCHEDULE: '* * * * *',
    PERSONA_CONCURRENCY: 2,
    MAX_TURNS: 15,
    MCP_TRUSTED: false,
    RUNNER_PAUSED: false
  })
})

t.test('values arrive as what they are, and what is not ours is left alone', async t => {
  const ours = { PORT: '0', RUNNER_PAUSED: 'true', MCP_TRUSTED: 'false', TOOL_TIMEOUT_MS: '600000' }
  const config = await load({ ...ours, PATH: '/bin', SHELL: undefined })
  t.match(config, { PORT: 0, RUNNER_PAUSED: true, MCP_TRUSTED: false, TOOL_TIMEOUT_MS: 600_000 })
})

t.test('an empty value means unset', async t => {
  t.same(
    await load(Object.fromEntries(VARIABLES.map((name, i) => [name, ' '.repeat(i % 3)]))),
    await load({})
  )
})

t.test('one message names every wrong variable, what it is and what it should be', async t => {
  const { code, message } = await refusal({
    PORT: '70000',
    LOG_LEVEL: 'loud',
    MCP_URL: 'localhost:3071',
    RUNNER_PAUSED: 'yes',
    MAX_TURNS: '1.5',
    TICK_SCHEDULE: 'often',
    HOST: 'fine'
  })
  t.equal(code, 'CONFIG_INVALID')
  const [title, ...lines] = message.split('\n')
  t.equal(title, 'The environment is not right:')
  t.same(lines.toSorted(), [
    '  - LOG_LEVEL must be fatal, error, warn, info, debug, trace or silent (it is "loud")',
    '  - MAX_TURNS must be a whole number from 1 to 100 (it is "1.5")',
    '  - MCP_URL must be a URL that begins with http:// or https:// (it is "localhost:3071")',
    '  - PORT must be a whole number from 0 to 65535 (it is "70000")',
    '  - RUNNER_PAUSED must be true or false (it is "yes")',
    '  - TICK_SCHEDULE must be a cron expression such as "* * * * *" (it is "often")'
  ])
})

t.test('every variable refuses what is wrong for it, each at its own bounds', async t => {
  const wrong: Record<string, string[]> = {
    NODE_ENV: ['prod', 'Production'],
    LOG_LEVEL: ['INFO', 'all'],
    DATABASE_URL: ['mysql://u:p@host/db', 'localhost', 'postgres://', 'postgres://u:p @host/db'],
    SERVICE_KEY: ['1234567'],
    ADMIN_KEY: ['1234567'],
    SERVICE_KEYS: [
      '12345678',
      'a:1234567',
      'a:12345678,',
      'a:12345678 b:12345678',
      'a:11111111,b:22222222,c:33333333,d:44444444,e:55555555'
    ],
    ADMIN_KEYS: ['no-kid-in-here'],
    VIEWER_KEYS: ['a b:12345678'],
    DIAGNOSTICS: ['yes', '1'],
    ANTHROPIC_BASE_URL: ['api.anthropic.com', 'ftp://host', 'http://'],
    MCP_URL: ['stdio', 'https://'],
    AUTH_URL: ['ftp://host'],
    PERSONA_SEED_SECRET: ['fifteen letters'],
    ACCOUNTS: ['oauth', 'Password'],
    OAUTH_TOKEN_URL: ['ftp://host'],
    ENCRYPTION_KEYS: [
      'k1:too-short',
      `k1:${'A'.repeat(44)}`,
      'A'.repeat(43),
      `k1:${'!'.repeat(43)}`,
      `k 1:${'A'.repeat(43)}=`
    ],
    MCP_TRUSTED: ['1', 'TRUE', 'on'],
    RUNNER_PAUSED: ['0', 'no'],
    TICK_SCHEDULE: ['* * * *', '61 * * * *', '@often', '* * * * * * *']
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      t.match(
        (await refusal({ [name]: value })).message,
        `  - ${name} must be `,
        `${name}=${value}`
      )
    }
  }
  for (const [name, schema] of Object.entries(Config.properties)) {
    const { type, minimum, maximum } = schema as {
      type?: string
      minimum?: number
      maximum?: number
    }
    if (type !== 'integer' || minimum === undefined || maximum === undefined) continue
    for (const value of [minimum - 1, maximum + 1, minimum + 0.5, 'many', '5x', 'NaN', '-']) {
      const { message } = await refusal({ [name]: String(value) })
      t.match(
        message,
        `${name} must be a whole number from ${minimum} to ${maximum}`,
        `${name}=${value}`
      )
    }
    for (const value of [minimum, maximum]) {
      t.match(await load({ [name]: String(value) }), { [name]: value }, `${name}=${value}`)
    }
  }
})

t.test('a secret is never printed, not even a wrong one', async t => {
  const secrets = {
    SERVICE_KEY: 'svc-sec',
    SERVICE_KEYS: 'kid:lst-sec',
    ENCRYPTION_KEYS: 'kid:enc-sec',
    ADMIN_KEY: 'adm-sec',
    PERSONA_SEED_SECRET: 'seed-sec',
    DATABASE_URL: 'mysql://root:db-sec@host/db'
  }
  for (const name of [...Object.keys(secrets), 'ANTHROPIC_API_KEY']) {
    t.equal(annotationsOf(name)?.secret, true, name)
  }
  const { message } = await refusal({ ...secrets, PORT: 'x' })
  for (const [name, value] of Object.entries(secrets)) {
    t.match(message, `${name} must be `)
    t.notMatch(message, value)
  }
  t.notMatch(message, '-sec')
})

t.test('an app with accounts needs the secret that the passwords come from', async t => {
  const AUTH_URL = 'http://127.0.0.1:3071'
  t.match((await refusal({ AUTH_URL })).message, /PERSONA_SEED_SECRET must be set .* AUTH_URL/)
  t.match(
    (await refusal({ AUTH_URL, PERSONA_SEED_SECRET: '  ' })).message,
    /PERSONA_SEED_SECRET must be set/
  )
  t.match(await load({ AUTH_URL, PERSONA_SEED_SECRET: 'sixteen-letters!' }), { AUTH_URL })
  t.match(
    await load({ PERSONA_SEED_SECRET: 'sixteen-letters!' }),
    { AUTH_URL: undefined },
    'the secret alone is no fault'
  )
})

t.test('each kind of account names what it cannot do without', async t => {
  const needs = {
    password: /AUTH_URL must be set/,
    'client-credentials': /OAUTH_CLIENT_ID must be set.*\n.*OAUTH_CLIENT_SECRET must/,
    'refresh-token': /OAUTH_CLIENT_ID must/
  }
  for (const [ACCOUNTS, said] of Object.entries(needs)) {
    t.match((await refusal({ ACCOUNTS })).message, said, ACCOUNTS)
  }
  for (const ACCOUNTS of ['none', 'headers']) t.match(await load({ ACCOUNTS }), { ACCOUNTS })
  t.match(await load({ ACCOUNTS: 'refresh-token', OAUTH_CLIENT_ID: 'public' }), {
    OAUTH_CLIENT_SECRET: undefined
  })
  const twice = `k1:${'A'.repeat(42)}E=,k1:${'B'.repeat(42)}E=`
  t.match(
    (await refusal({ ENCRYPTION_KEYS: twice })).message,
    /ENCRYPTION_KEYS must name each key differently/
  )
})

t.test('an address that holds a password is refused, and the password is not shown', async t => {
  for (const name of ['MCP_URL', 'AUTH_URL', 'ANTHROPIC_BASE_URL']) {
    const error = await load({
      [name]: 'https://user:top-secret@app.test/mcp',
      PERSONA_SEED_SECRET: 'sixteen characters'
    }).then(() => null, (error: Error) => error)
    t.match(error?.message, new RegExp(`${name} must not hold a user or a password`))
    t.notMatch(error?.message, 'top-secret')
  }
  await t.resolves(load({ MCP_URL: 'https://app.test/mcp?token=x@y:z' }))
})

t.test('.env.example has every variable with its description and its default, and nothing else', async t => {
  const lines = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').split('\n')
  const entries = lines.flatMap((line, i) => {
    const match = /^(# )?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line)
    if (match === null) return []
    return [{
      unset: match[1] !== undefined,
      name: match[2] ?? '',
      value: match[3] ?? '',
      comment: lines[i - 1]
    }]
  })
  t.same(entries.map(entry => entry.name), VARIABLES, 'in the order of src/platform/config.ts')
  for (const { name, unset, value, comment } of entries) {
    t.equal(comment, `# ${annotationsOf(name)?.description}`, `the line above ${name}`)
    const { default: standard } = Config.properties[name as keyof typeof Config.properties] as {
      default?: unknown
    }
    t.same(
      { unset, value },
      { unset: standard === undefined, value: String(standard ?? '') },
      `the value of ${name}`
    )
  }
  t.same(
    await load(parseEnv(lines.join('\n'))),
    await load({}),
    'copied as it is, it changes nothing'
  )
})
