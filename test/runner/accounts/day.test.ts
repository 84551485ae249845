import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { legalName } from '../../../src/runner/tools/tool-names.ts'
import { buildApp } from '../../../src/app.ts'
import { startSampleApp } from '../../../src/demo/sample-app/sample-app.ts'
import { playPersona } from 'scripted-claude/persona-player'
import { startScriptedClaude, type Script } from 'scripted-claude/scripted-claude'
import { everyAnswer, everyRow } from '../../helpers/all-that-is-told.ts'
import { admin, ADMIN_KEY, createPersona, SERVICE_KEY } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { CLIENT, REPEAT_TOKEN, startOAuthServer } from '../../helpers/oauth-server.ts'

/**
 * Whole days with accounts whose tokens live for two seconds, in two processes' worth of app on one
 * database.
 */

const TURNS = 11
const TURN_MS = 600

const turn: Script = (request, context) => {
  const { index } = context
  if (index > TURNS) return playPersona(request, context)
  if (index === TURNS) return { text: 'A long day is over.', delayMs: TURN_MS }
  const name = legalName(index % 2 === 0 ? 'notes.create' : 'todo.list')
  const input = index % 2 === 0 ? { title: `${REPEAT_TOKEN} ${index}`, text: REPEAT_TOKEN } : {}
  return { toolCalls: [{ name, input }], delayMs: TURN_MS }
}

const database = await openTestDatabase(t)
const sampleApp = await startSampleApp({ requireAccounts: false })
const oauth = await startOAuthServer(t, { lifeMs: 2000, mcpUrl: sampleApp.mcpUrl })
const claude = await startScriptedClaude({ script: turn })
const encryptionKey = randomBytes(32).toString('base64')
let logs = ''

async function start (env: Record<string, string>): Promise<FastifyInstance> {
  const app = await buildApp({
    env: {
      NODE_ENV: 'test',
      SERVICE_KEY,
      ADMIN_KEY,
      TICK_SCHEDULE: '0 0 1 1 *',
      LOG_LEVEL: 'trace',
      PERSONA_CONCURRENCY: '1',
      ANTHROPIC_API_KEY: 'stand-in',
      ANTHROPIC_BASE_URL: claude.url,
      MCP_URL: oauth.mcpUrl,
      ENCRYPTION_KEYS: `k1:${encryptionKey}`,
      ...env
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
  t.teardown(() => app.close())
  await app.ready()
  return app
}

t.teardown(async () => {
  await claude.close()
  await sampleApp.close()
})
const OAUTH = {
  ACCOUNTS: 'refresh-token',
  OAUTH_TOKEN_URL: oauth.tokenUrl,
  OAUTH_CLIENT_ID: CLIENT.id,
  OAUTH_CLIENT_SECRET: CLIENT.secret
}
const [one, two] = [await start(OAUTH), await start(OAUTH)] as const
const CANARY_REFUSED = 'canary-of-a-token-that-nobody-issued'
const answers: string[] = []

async function personaWith (
  name: string,
  refreshToken: string
): Promise<{ id: string, email: string }> {
  const persona = await createPersona(one, { email: `${name}@personas.test`, name })
  const put = await one.inject({
    method: 'PUT',
    url: `/api/v1/admin/personas/${persona.id}/account`,
    headers: admin,
    payload: { refreshToken }
  })
  answers.push(put.body)
  if (put.statusCode !== 204) throw new Error(put.body)
  return persona
}

t.test('days that outlive their tokens several times have no failed call, and no refresh token is presented twice', async t => {
  const personas = [
    await personaWith('mara', oauth.grant('mara')),
    await personaWith('ben', oauth.grant('ben'))
  ]
  await personaWith('eve', CANARY_REFUSED)
  const ticked = one.inject({ method: 'POST', url: '/diag/tick' }).then(answer => answer.body)
  const isOver = () => Promise.race([ticked.then(() => true), pause(150, false)])
  let signIns = 0
  do {
    // Both processes want the accounts of those who live their day.
    await Promise.all([one, two].flatMap(app =>
      personas.map(async ({ email }) => {
        const answer = (await app.inject(`/diag/login?email=${email}`)).body
        answers.push(answer)
        if (!JSON.parse(answer).ok) t.fail(answer)
        signIns++
      })
    ))
  } while (!await isOver())
  answers.push(await ticked)
  t.match(JSON.parse(await ticked), {
    due: 3,
    ranSuccessfully: 2,
    failed: [{ error: /LOGIN_FAILED|refused/ }]
  })
  const { rows } = await database.executeSql(
    'SELECT result, count(*)::int AS calls FROM persona_actions GROUP BY result ORDER BY result'
  )
  t.strictSame(rows, [{ result: 'ok', calls: 2 * TURNS }])
  const { rows: [lasted] } = await database.executeSql(
    "SELECT min(extract(epoch FROM finished_at - started_at))::float8 AS s FROM runs WHERE state = 'completed'"
  )
  t.ok(
    (lasted as { s: number }).s > 6,
    `${JSON.stringify(lasted)}: more than three lives of a token`
  )
  t.equal(oauth.seen.twice, 0)
  t.ok(
    oauth.seen.exchanges >= 12 && signIns >= 12,
    `${oauth.seen.exchanges} exchanges, ${signIns} sign-ins besides`
  )
  t.strictSame(oauth.seen.shownBy, new Set(['mara', 'ben']))
})

t.test('no secret is in anything that was written, answered, shown or sent to the model', async t => {
  const secrets = [...oauth.issued, CANARY_REFUSED, CLIENT.secret, encryptionKey]
  const spellings = secrets.flatMap(
    secret => [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').slice(0, -4)
    ]
  )
  const later = await everyAnswer(one)
  const places: Record<string, string> = {
    'the database': await everyRow(database),
    'the log': logs,
    'what the model was sent': JSON.stringify(claude.requests),
    'answers so far': answers.join('\n'),
    ...later
  }
  for (const [place, text] of Object.entries(places)) {
    t.strictSame(
      spellings.filter(spelling => text.includes(spelling)),
      [],
      `${place}, ${text.length} characters`
    )
  }
  for (
    const place of [
      'the database',
      'what the model was sent',
      '/api/v1/admin/runs/:id',
      '/runs/:id'
    ]
  ) t.match(places[place], '[secret]', `the app repeated them for ${place}`)
  t.match(logs, 'tick opened 3 run(s)')
})
