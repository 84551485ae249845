import t from 'tap'
import { hideSecrets } from '../../../src/cli/doctor/hide-secrets.ts'
import { failed } from '../../../src/cli/doctor/finding.ts'

t.test('whatever words a service found for a failure, no secret of the environment is in them', async t => {
  const env = {
    SERVICE_KEY: 'aaaa-service',
    ADMIN_KEYS: 'one:bbbb-admin,two:cccc-admin',
    ANTHROPIC_API_KEY: 'sk-dddd',
    PERSONA_SEED_SECRET: 'eeee-seed',
    OAUTH_CLIENT_SECRET: 'ffff-client',
    ENCRYPTION_KEYS: 'k1:gggg-gggg',
    DATABASE_URL: 'postgres://me:hhhh%40hhhh@db/app',
    MCP_URL: 'http://app/mcp'
  }
  const secrets = [
    'aaaa-service',
    'bbbb-admin',
    'cccc-admin',
    'sk-dddd',
    'eeee-seed',
    'ffff-client',
    'gggg-gggg',
    'hhhh%40hhhh',
    'hhhh@hhhh'
  ]
  const shown = hideSecrets({
    findings: secrets.map(secret => failed('app', `I know ${secret}.`, { todo: `not ${secret}` })),
    at: env.MCP_URL
  }, env)
  for (const secret of secrets) t.notOk(JSON.stringify(shown).includes(secret), secret)
  t.match(shown, {
    findings: [{ says: 'I know [secret].', todo: 'not [secret]' }],
    at: 'http://app/mcp'
  })
})
