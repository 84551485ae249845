import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { derivePassword } from '../../src/runner/accounts/password.ts'
import { startSampleApp } from '../../src/demo/sample-app/sample-app.ts'
import { closedPort } from '../helpers/closed-port.ts'
import { runCommand } from '../helpers/command.ts'
import { storeEnv } from '../helpers/server-process.ts'

/** `npm run seed:personas -- --sign-up`, against apps that answer as apps do. */

const SECRET = 'seed-secret-for-tests'
const folder = mkdtempSync(join(tmpdir(), 'cast-'))
const file = join(folder, 'cast.json')
const person = { archetype: 'a', systemPrompt: 'You are one.' }
writeFileSync(
  file,
  JSON.stringify(['a', 'b', 'c'].map(name => ({ ...person, email: `${name}@personas.test` })))
)

const seed = async (env: Record<string, string>) =>
  runCommand('seed-personas.ts', { args: ['--file', file, '--sign-up'], env })

t.test('every persona of the cast gets its account, and the second time has it already', async t => {
  const sampleApp = await startSampleApp()
  t.teardown(sampleApp.close)
  const env = {
    ...await storeEnv(t),
    MCP_URL: sampleApp.mcpUrl,
    AUTH_URL: sampleApp.url,
    PERSONA_SEED_SECRET: SECRET
  }
  const first = await seed(env)
  t.match(first, { code: 0, output: /3 personas are in the store\.\n$/ })
  t.same(
    first.output.match(/^signed up {2}\S+/gm),
    ['a', 'b', 'c'].map(name => `signed up  ${name}@personas.test`)
  )
  const login = await fetch(`${sampleApp.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email: 'b@personas.test',
      password: derivePassword(SECRET, 'b@personas.test')
    })
  })
  t.match([login.status, await login.json()], [200, { user: { name: 'b' } }])
  const second = await seed(env)
  t.match(second, { code: 0 })
  t.equal(second.output.match(/^has an account {2}\S+ {2}.*already/gm)?.length, 3)
  const elsewhere = await seed({ ...env, AUTH_SIGN_UP_PATH: '/join' })
  t.match(elsewhere, {
    code: 1,
    output:
      /refused {2}a@.*\/join \(404.*Set AUTH_SIGN_UP_PATH, or create the account in the app by hand/
  })
  t.match(
    elsewhere.output,
    /3 personas are in the store; for 3 of them the app created no account.*Run the same again/
  )
  t.match(await seed({ ...env, AUTH_SIGN_UP_PATH: 'join' }), {
    code: 1,
    output: /AUTH_SIGN_UP_PATH must be a path that begins with \//
  })
  t.notMatch(JSON.stringify([first, second, elsewhere]), derivePassword(SECRET, 'a@personas.test'))
})

t.test('a refusal of one keeps nobody else out, and being turned away is waited for', async t => {
  const asked: string[] = []
  const service = createServer((req, res) => {
    let text = ''
    req.on('data', chunk => {
      text += chunk
    })
    req.on('end', () => {
      const { email } = JSON.parse(text) as { email: string }
      const isFirst = !asked.includes(email)
      asked.push(email)
      if (email.startsWith('a')) return res.writeHead(400).end('{"message":"No room for a"}')
      if (isFirst) return res.writeHead(429, { 'x-retry-after': '0' }).end()
      return res.writeHead(200).end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  t.teardown(() => {
    service.closeAllConnections()
    service.close()
  })
  const env = {
    ...await storeEnv(t),
    AUTH_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
    PERSONA_SEED_SECRET: SECRET
  }
  const { code, output } = await seed(env)
  t.equal(code, 1)
  t.match(output, /refused {2}a@personas\.test {2}.*No room for a/)
  t.match(output, /waiting 0 s[^\n]*\nsigned up {2}b@.*waiting 0 s[^\n]*\nsigned up {2}c@/s)
  t.match(output, /for 1 of them the app created no account/)
  t.same(asked.map(email => email[0]), ['a', 'b', 'b', 'c', 'c'])
})

t.test('an app that does not answer is asked once, and one without passwords not at all', async t => {
  const store = await storeEnv(t)
  const silent = await seed({
    ...store,
    AUTH_URL: `http://127.0.0.1:${await closedPort()}`,
    PERSONA_SEED_SECRET: SECRET
  })
  t.equal(silent.code, 1)
  t.match(silent.output, /unanswered {2}a@.*ECONNREFUSED.*AUTH_URL/)
  t.equal(
    silent.output.match(/Nothing was sent: the app "main" did not answer for a@personas\.test/g)
      ?.length,
    2
  )
  const none = await seed(store)
  t.equal(none.code, 0)
  t.equal(none.output.match(/^not tried {2}\S+ {2}.*"none", not with passwords/gm)?.length, 3)
})
