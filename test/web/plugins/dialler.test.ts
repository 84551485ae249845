import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { codeOf } from '../../../src/platform/errors.ts'
import dialler from '../../../src/web/plugins/dialler.ts'
import env from '../../../src/web/plugins/env.ts'
import { startCountingListener } from '../../helpers/counting-listener.ts'

async function start (t: Test, variables: Record<string, string>): Promise<FastifyInstance> {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(env, { env: { NODE_ENV: 'production', ...variables } })
  await app.register(dialler)
  return app
}

t.test('an address that no app is at stops the boot, and the message says what to do', async t => {
  await t.rejects(start(t, { MCP_URL: 'http://0xa9fea9fe/mcp' }), {
    code: 'CONFIG_INVALID',
    message:
      /^MCP_URL .*169\.254\.169\.254 is a metadata service of a cloud\..*PRIVATE_HOSTS=169\.254\.169\.254 /
  })
  const accounts = { AUTH_URL: 'http://[fe80::1]', PERSONA_SEED_SECRET: 'sixteen-letters!' }
  await t.rejects(start(t, accounts), {
    code: 'CONFIG_INVALID',
    message: /^AUTH_URL .*fe80::1 is a link-local address\..*PRIVATE_HOSTS=fe80::1 /
  })
  await start(t, { ...accounts, PRIVATE_HOSTS: 'fe80::/10' })
  await t.rejects(start(t, { PRIVATE_HOSTS: '10.0.0.0/8, http://app' }), {
    code: 'CONFIG_INVALID',
    message: /PRIVATE_HOSTS: "http:\/\/app" is no host name/
  })
})

t.test('what the environment names as internal is dialled in production, and nothing beside it', async t => {
  const { port } = await startCountingListener(t)
  const app = await start(t, { MCP_URL: `http://127.0.0.1:${port}/mcp` })
  const dial = app.dialler.dialFor('MCP_URL')
  t.equal((await dial(`http://127.0.0.1:${port}/mcp`)).status, 200)
  for (const host of ['127.0.0.2', 'localhost', '[::1]', '10.0.0.1']) {
    t.equal(
      codeOf(await dial(`http://${host}:${port}/`).catch((error: unknown) => error)),
      'DIAL_FORBIDDEN',
      host
    )
  }
})

t.test('a name of the public internet is not believed to be internal', async t => {
  const app = await start(t, { MCP_URL: 'http://app.example.com/mcp', PRIVATE_HOSTS: '10.0.0.0/8' })
  for (const host of ['127.0.0.1', '192.168.0.1']) {
    await t.rejects(app.dialler.check('MCP_URL', `http://${host}/`), { code: 'DIAL_FORBIDDEN' })
  }
  await app.dialler.check('MCP_URL', 'http://10.0.0.1/')
})
