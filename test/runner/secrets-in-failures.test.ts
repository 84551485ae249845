import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Writable } from 'node:stream'
import { startScriptedClaude } from 'scripted-claude/scripted-claude'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { legalName } from '../../src/runner/tools/tool-names.ts'
import { everyAnswer, everyRow } from '../helpers/all-that-is-told.ts'
import { admin, ADMIN_KEY, PERSONA, SERVICE_KEY } from '../helpers/app.ts'
import { openTestDatabase } from '../helpers/database.ts'
import {
  startMcpFaultServer,
  TOOL,
  type Exchange,
  type Handler
} from '../helpers/mcp-fault-server.ts'

/** An app and a model API that repeat the secrets of each request in every failure they know. */

const BEARER = 'canary-bearer-5f1e'
const API_KEY = 'sk-ant-canary-9c2d'
const CANARIES = [BEARER, API_KEY, 'canary']

const secretOf = ({ headers }: IncomingMessage) => `you sent ${String(headers.authorization)}`
const ofCall = (handle: Handler) => ({ 'tools/call': handle })
const echo = (status: number): Handler => ({ http, req }) => http(status, secretOf(req))

/** By name: what the app does instead of answering. */
const APP_FAILURES: Record<string, Record<string, Handler>> = {
  'a result that is an error': ofCall(({ result, req }) =>
    result({ isError: true, content: [{ type: 'text', text: secretOf(req) }] })
  ),
  'a result with the secret as data': ofCall(({ result, req }) =>
    result({ content: [], structuredContent: { [secretOf(req)]: [secretOf(req)] } })
  ),
  'a JSON-RPC error': ofCall(({ rpcError, req }) => rpcError(-32602, secretOf(req))),
  'an HTTP 500': ofCall(echo(500)),
  'an HTTP 400': ofCall(echo(400)),
  'a refused account in the day': ofCall(echo(401)),
  'a refused account at the start': { initialize: echo(401), 'server/discover': echo(401) },
  'a broken start': { initialize: echo(500), 'server/discover': echo(500) },
  'no answer in the protocol': {
    initialize: ({ http, req }) => http(200, secretOf(req), 'text/html'),
    'server/discover': ({ http, req }) => http(200, secretOf(req), 'text/html')
  }
}

const MODEL_FAILURES: [status: number, type: string][] = [
  [400, 'invalid_request_error'],
  [404, 'not_found_error'],
  [401, 'authentication_error']
]

let failure: Record<string, Handler> = {}
const byMethod = (method: string, otherwise: Handler): Handler => (exchange: Exchange) =>
  (failure[method] ?? otherwise)(exchange)
const start: Handler = ({ message, result }) =>
  result({
    protocolVersion: message.params?.protocolVersion ?? '2025-06-18',
    capabilities: { tools: {} },
    serverInfo: { name: 'echoing', version: '1' }
  })

t.test('no failure of the app or the model writes a secret anywhere', async t => {
  const database = await openTestDatabase(t)
  const mcp = await startMcpFaultServer(t, {
    tools: [TOOL],
    on: {
      initialize: byMethod('initialize', start),
      'server/discover': byMethod(
        'server/discover',
        ({ rpcError }) => rpcError(-32601, 'no such method')
      ),
      'tools/call': byMethod('tools/call', ({ result }) => result({ content: [] }))
    }
  })
  let refusal: { status: number, type: string } | undefined
  const claude = await startScriptedClaude({
    script: (_request, { index }) => {
      if (refusal !== undefined) {
        return {
          error: { ...refusal, message: `you sent x-api-key: ${API_KEY}` }
        }
      }
      return index % 3 === 0
        ? { toolCalls: [{ name: legalName(TOOL.name), input: {} }] }
        : { text: 'Done.' }
    }
  })
  let logs = ''
  const app = await buildApp({
    env: {
      NODE_ENV: 'test',
      SERVICE_KEY,
      ADMIN_KEY,
      TICK_SCHEDULE: '0 0 1 1 *',
      LOG_LEVEL: 'trace',
      ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      ACCOUNTS: 'headers',
      MCP_URL: mcp.url,
      ANTHROPIC_API_KEY: API_KEY,
      ANTHROPIC_BASE_URL: claude.url
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
  })
  await app.ready()

  const told: string[] = []
  const send = async (method: 'POST' | 'PUT', url: string, payload?: object) => {
    const answer = await app.inject({ method, url, headers: admin, ...payload && { payload } })
    told.push(answer.body)
    return answer.body === '' ? {} : answer.json()
  }
  /** A new persona's day, whatever becomes of it. */
  const live = async (name: string) => {
    await database.db.deleteFrom('breakers').execute()
    const email = `${name.replaceAll(' ', '-')}@personas.test`.toLowerCase()
    const { persona } = await send('POST', '/api/v1/admin/personas', { ...PERSONA, email })
      .then(body => ({ persona: body.persona ?? body }))
    await send('PUT', `/api/v1/admin/personas/${persona.id}/account`, { bearer: BEARER })
    const tick = await send('POST', '/diag/tick')
    t.equal(tick.due, 1, `${name}: ${JSON.stringify(tick)}`)
  }
  for (const [name, handlers] of Object.entries(APP_FAILURES)) {
    failure = handlers
    await live(name)
  }
  failure = {}
  for (const [status, type] of MODEL_FAILURES) {
    refusal = { status, type }
    await live(`model ${status}`)
  }

  const runs = await database.db.selectFrom('runs').select(['state', 'error_code']).execute()
  const codes = new Set(runs.map(run => run.error_code))
  for (const code of ['MCP_UNAUTHORIZED', 'MODEL_REFUSED_REQUEST']) {
    t.ok(codes.has(code), `${code} is among ${[...codes].join()}`)
  }
  t.match(logs, 'MODEL_UNAUTHORIZED')
  const places: Record<string, string> = {
    'every row': await everyRow(database),
    'the log': logs,
    'what the model was sent': JSON.stringify(claude.requests),
    'answers to the operator': told.join('\n'),
    ...await everyAnswer(app)
  }
  for (const [place, text] of Object.entries(places)) {
    t.same(CANARIES.filter(canary => text.includes(canary)), [], place)
  }
  t.match(places['every row'], '[secret]', 'the app did repeat it')
})
