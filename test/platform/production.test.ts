import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import t from 'tap'
import { annotationsOf, VARIABLES } from '../../src/platform/config.ts'
import { productionProblems } from '../../src/platform/production.ts'
import { ADMIN_KEY, SEED_SECRET, SERVICE_KEY, FIT_FOR_PRODUCTION } from '../helpers/app.ts'
import { startServer, storeEnv } from '../helpers/server-process.ts'

const SECRETS = VARIABLES.filter(name => annotationsOf(name)?.secret && name !== 'DATABASE_URL')
const as = (name: string, secret: string) => ({
  [name]: annotationsOf(name)?.list ? `new:${secret}` : secret
})

t.test('an environment with secrets of its own is fit for production', async t => {
  t.same(productionProblems(FIT_FOR_PRODUCTION), [])
  const { ANTHROPIC_API_KEY, ...store } = FIT_FOR_PRODUCTION
  t.match(productionProblems(store), [/^ANTHROPIC_API_KEY must be set/])
  t.same(
    productionProblems({ ...store, RUNNER_PAUSED: 'true' }),
    [],
    'who runs nobody needs no model'
  )
  t.same(
    productionProblems({
      SERVICE_KEYS: 'a:3f9c02d1b7e84a65,b:c84e17f20a9d53b6',
      ADMIN_KEYS: 'a:61b0e9f4c72d835a',
      ANTHROPIC_API_KEY,
      ANTHROPIC_BASE_URL: 'https://proxy.internal',
      PUBLIC_URL: 'http://127.0.0.1:3070'
    }),
    []
  )
})

t.test('the public address is https, or on this machine', async t => {
  const problems = (PUBLIC_URL: string) => productionProblems({ ...FIT_FOR_PRODUCTION, PUBLIC_URL })
  for (
    const fine of [
      'https://a.example.com',
      'http://127.0.0.1:3070',
      'http://localhost',
      'http://[::1]:3070'
    ]
  ) {
    t.same(problems(fine), [], fine)
  }
  for (const bad of ['http://a.example.com', 'http://10.0.0.1', 'http://127.example.com']) {
    t.match(problems(bad), [/^PUBLIC_URL must begin with https/], bad)
  }
})

t.test('whatever is missing is named', async t => {
  const names = [
    /^PUBLIC_URL must be set/,
    /^SERVICE_KEY or SERVICE_KEYS /,
    /^ADMIN_KEY or ADMIN_KEYS /,
    /^ANTHROPIC_API_KEY /
  ]
  t.match(productionProblems({}), names)
})

t.test('every secret there is refuses what is short, from an example, no secret at all, or used twice, and shows none', async t => {
  t.ok(SECRETS.length >= 8, SECRETS.join())
  const bad = [
    'short-3f9c02d',
    'change-me-please-3f9c',
    'ChangeMe12345678',
    'your-service-key-here',
    '<a long random key>',
    'aaaaaaaaaaaaaaaaaaaa',
    'abababababababab',
    '0123456789012345',
    'my-secret-password',
    SERVICE_KEY,
    ADMIN_KEY,
    SEED_SECRET
  ]
  for (const name of SECRETS) {
    for (const value of bad) {
      const problems = productionProblems({ ...FIT_FOR_PRODUCTION, ...as(name, value) })
      t.match(problems, [new RegExp(`^${name} (\\(new\\) )?must `)], `${name} ${value}`)
      t.notOk(problems.join().includes(value), 'never shown')
    }
    const [other = '', secret = ''] = Object.entries(FIT_FOR_PRODUCTION).find(([first]) =>
      first !== name
    ) ?? []
    t.match(
      productionProblems({ ...FIT_FOR_PRODUCTION, ...as(name, secret) }).join(),
      new RegExp(`(${name}|${other}).* must differ from .*(${name}|${other})`)
    )
  }
})

t.test('a key that encrypts must be random, and not words or a pattern in base64', async t => {
  const withKey = (key: Buffer) =>
    productionProblems({ ...FIT_FOR_PRODUCTION, ENCRYPTION_KEYS: `k1:${key.toString('base64')}` })
  for (let i = 0; i < 200; i++) t.same(withKey(randomBytes(32)), [])
  for (
    const weak of [
      Buffer.alloc(32),
      Buffer.from('correct horse battery staple 123'),
      Buffer.from(Array.from({ length: 32 }, (_, i) => i % 16 * 16)),
      randomBytes(24)
    ]
  ) {
    const problems = withKey(weak)
    t.match(problems.join(), /^ENCRYPTION_KEYS \(k1\) must /)
    t.notMatch(problems.join(), weak.toString('base64'))
  }
})

t.test('what personas sign in with is encrypted, and sent where the operator says, over https', async t => {
  const problems = (env: Record<string, string>) =>
    productionProblems({ ...FIT_FOR_PRODUCTION, ...env }).map(line => line.split(' must ')[0])
  const ENCRYPTION_KEYS = `k1:${randomBytes(32).toString('base64')}`
  const OAUTH_TOKEN_URL = 'https://auth.example.com/token'
  t.same(problems({ ACCOUNTS: 'headers' }), ['ENCRYPTION_KEYS'])
  t.same(problems({ ACCOUNTS: 'refresh-token' }), ['ENCRYPTION_KEYS', 'OAUTH_TOKEN_URL'])
  t.same(problems({ ACCOUNTS: 'client-credentials' }), ['OAUTH_TOKEN_URL'])
  t.same(
    problems({ ACCOUNTS: 'client-credentials', OAUTH_TOKEN_URL: 'http://auth.example.com/token' }),
    ['OAUTH_TOKEN_URL']
  )
  t.same(problems({ ACCOUNTS: 'refresh-token', OAUTH_TOKEN_URL, ENCRYPTION_KEYS }), [])
})

t.test('the password of the database may be short but not the one of every tutorial', async t => {
  const withPassword = (password: string) =>
    productionProblems({
      ...FIT_FOR_PRODUCTION,
      DATABASE_URL: `postgres://app${password}@db:5432/personas`
    })
  for (const fine of ['', ':x8Kq2', ':%zz']) t.same(withPassword(fine), [], fine)
  for (const bad of [':postgres', ':password', ':changeme']) {
    t.match(withPassword(bad), [/^DATABASE_URL must be a secret of your own/])
  }
})

t.test('nothing in .env.example is a secret that anybody could keep', async t => {
  const example = parseEnv(
    readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').replace(
      /^# (?=[A-Z_]+=)/gm,
      ''
    )
  )
  for (const name of SECRETS) t.equal(example[name], '', name)
})

t.test('a server that is not fit for production ends with 78 before it listens, names each variable and shows no value', async t => {
  const values = {
    SERVICE_KEY: 'weak-key-one',
    ADMIN_KEYS: 'may:change-me-change-me',
    VIEWER_KEY: '90d4c7b2e15f6a38',
    ANTHROPIC_API_KEY: '90d4c7b2e15f6a38',
    ANTHROPIC_BASE_URL: 'http://model.internal',
    ENCRYPTION_KEYS: 'k1:c29tZXRoaW5nIHRoYXQgaXMgdG9vIHNob3J0'
  }
  const server = startServer(t, {
    ...values,
    NODE_ENV: 'production',
    DIAGNOSTICS: 'true',
    ...await storeEnv(t)
  })
  t.equal((await server.ended).code, 78)
  for (const name of [...Object.keys(values), 'DIAGNOSTICS']) {
    t.match(server.output(), new RegExp(`(- |from )${name}`), name)
  }
  for (
    const value of [
      'weak-key-one',
      'change-me-change-me',
      '90d4c7b2e15f6a38',
      'model.internal',
      'c29tZXRoaW5n'
    ]
  ) t.notMatch(server.output(), value)
  t.notMatch(server.output(), /at .*\.ts:|listening/)
})

t.test('a server that is fit starts, without the diagnostics', async t => {
  const server = startServer(t, {
    ...FIT_FOR_PRODUCTION,
    NODE_ENV: 'production',
    RUNNER_PAUSED: 'true',
    ...await storeEnv(t)
  })
  const address = await server.listening
  t.equal((await fetch(`${address}/health`)).status, 200)
  t.equal((await fetch(`${address}/diag/tick`, { method: 'POST' })).status, 404)
})
