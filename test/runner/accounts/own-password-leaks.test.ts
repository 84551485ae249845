import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t from 'tap'
import { passwordAccounts } from '../../../src/runner/accounts/login.ts'
import { spellingsOf } from '../../../src/runner/accounts/spellings.ts'
import { legalName } from '../../../src/runner/tools/tool-names.ts'
import { buildApp } from '../../../src/app.ts'
import { startSampleApp } from '../../../src/demo/sample-app/sample-app.ts'
import { playPersona } from 'scripted-claude/persona-player'
import { startScriptedClaude, type Script } from 'scripted-claude/scripted-claude'
import { everyAnswer, everyRow } from '../../helpers/all-that-is-told.ts'
import { admin, ADMIN_KEY, PERSONA, SEED_SECRET, SERVICE_KEY } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { worldEnv } from '../../helpers/world.ts'

/**
 * An attacker's look at a password that is stored: a whole day in an app that repeats it, and every
 * way to do it wrong.
 */

const PASSWORD = 'canary "of" pässword/&+'

const script: Script = (request, context) => {
  if (context.index > 1) return playPersona(request, context)
  return context.index === 0
    ? { toolCalls: [{ name: legalName('notes.list'), input: {} }] }
    : { text: 'I have read my notes.' }
}
const database = await openTestDatabase(t)
const sampleApp = await startSampleApp()
const claude = await startScriptedClaude({ script })
let logs = ''
const app = await buildApp({
  env: {
    NODE_ENV: 'test',
    SERVICE_KEY,
    ADMIN_KEY,
    TICK_SCHEDULE: '0 0 1 1 *',
    LOG_LEVEL: 'trace',
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ...worldEnv(sampleApp, claude)
  },
  logger: {
    level: 'trace',
    stream: new Writable({
      write (chunk, _encoding, done) {
        logs += chunk
        done()
      }
    })
  },
  database
})
t.teardown(async () => {
  await app.close()
  await claude.close()
  await sampleApp.close()
})
await app.ready()

const answers: string[] = []
async function send (
  method: 'POST' | 'PUT' | 'PATCH' | 'GET',
  url: string,
  payload?: object | string
) {
  const answer = await app.inject({
    method,
    url,
    headers: admin,
    ...(payload !== undefined &&
      { payload, headers: { ...admin, 'content-type': 'application/json' } })
  })
  answers.push(answer.body)
  return { status: answer.statusCode, body: JSON.parse(answer.body === '' ? 'null' : answer.body) }
}
const PERSONAS = '/api/v1/admin/personas'

/** Writes the password into the persona's notes, so that the app repeats it in a result. */
async function plantPassword (): Promise<void> {
  const accounts = passwordAccounts({
    authUrl: sampleApp.url,
    seedSecret: SEED_SECRET,
    vault: app.apps.vault
  })
  const { headers } = await accounts.signIn({ email: PERSONA.email }, AbortSignal.timeout(20_000))
  const client = new Client({ name: 'planter', version: '1.0.0' })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(sampleApp.mcpUrl), { requestInit: { headers } })
  )
  await client.callTool({
    name: 'notes.create',
    arguments: { title: `Mine: ${PASSWORD}`, text: PASSWORD }
  })
  await client.close()
}

t.test('a day in an app that repeats the password, and every wrong way to give one', async t => {
  t.match(await send('POST', PERSONAS, { ...PERSONA, password: PASSWORD, signUp: true }), {
    status: 201,
    body: { signUp: { outcome: 'created' } }
  })
  await plantPassword()
  t.match(await send('POST', '/diag/tick'), { status: 200, body: { due: 1, ranSuccessfully: 1 } })
  const { id } = (await send('GET', PERSONAS)).body.personas[0]
  const wrong: [method: 'POST' | 'PUT' | 'PATCH', url: string, payload: object | string][] = [
    ['POST', PERSONAS, `{"email":"a@b.test","password":${JSON.stringify(PASSWORD)}`],
    ['POST', PERSONAS, { ...PERSONA, password: [PASSWORD] }],
    ['POST', PERSONAS, { ...PERSONA, passwort: PASSWORD }],
    ['PATCH', `${PERSONAS}/${id}`, { password: PASSWORD }],
    ['POST', PERSONAS, { ...PERSONA, password: PASSWORD, tickCadence: 'never' }],
    ['POST', PERSONAS, { ...PERSONA, password: PASSWORD, app: 'nowhere' }],
    ['PUT', `${PERSONAS}/${id}/account`, { password: PASSWORD, bearer: PASSWORD }],
    ['PUT', `${PERSONAS}/${id}/account`, { bearer: 'canary-token' }],
    ['PUT', `${PERSONAS}/${id}/account`, { password: PASSWORD.repeat(50) }],
    ['POST', PERSONAS, { ...PERSONA, password: PASSWORD.slice(0, 7) }]
  ]
  for (const [method, url, payload] of wrong) {
    const { status } = await send(method, url, payload)
    t.ok([400, 409].includes(status), `${method} ${url}: ${status}`)
  }
  // The app has the account with another password, and says so of every sign-in.
  sampleApp.addAccount({
    email: PERSONA.email,
    password: 'another-password',
    name: 'Mara',
    locale: 'de'
  })
  t.match(await send('GET', `/diag/login?email=${PERSONA.email}`), {
    body: { ok: false, code: 'LOGIN_FAILED' }
  })

  const spellings = [...spellingsOf(PASSWORD), 'canary']
  const told = await everyAnswer(app)
  const places: Record<string, string> = {
    'every row': await everyRow(database),
    'the log': logs,
    'what the model was sent': JSON.stringify(claude.requests),
    'answers so far': answers.join('\n'),
    ...told
  }
  for (const [place, text] of Object.entries(places)) {
    t.same(
      spellings.filter(spelling => text.includes(spelling)),
      [],
      `${place}, ${text.length} characters`
    )
  }
  for (
    const place of ['every row', 'what the model was sent', '/api/v1/admin/runs/:id', '/runs/:id']
  ) {
    t.match(places[place], '[secret]', `the app repeated it for ${place}`)
  }
  t.match(places.account, '"kind":"password"')
})
