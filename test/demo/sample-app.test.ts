import { request } from 'node:http'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import type { Test } from 'tap'
import { openMcpToolbox } from '../../src/runner/mcp/toolbox.ts'
import { CALENDAR_LIST_DELAY_MS } from '../../src/demo/sample-app/calendar.ts'
import { dayFromToday } from '../../src/demo/sample-app/dates.ts'
import { startSampleApp } from '../../src/demo/sample-app/sample-app.ts'
import type { SampleApp } from '../../src/demo/sample-app/sample-app.ts'

const anna = { email: 'anna@example.org', password: 'secret-a', name: 'Anna', locale: 'de-DE' }
const ben = { email: 'ben@example.org', password: 'secret-b', name: 'Ben', locale: 'en-GB' }

type Headers = Record<string, string>

async function start (test: Test, options = {}): Promise<SampleApp> {
  const app = await startSampleApp(options)
  test.teardown(() => app.close())
  return app
}

async function postJson (url: string, body: unknown, headers: Headers = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers
    },
    body: JSON.stringify(body)
  })
  const json: unknown = await response.json()
  return { status: response.status, headers: Object.fromEntries(response.headers), json }
}

/** The headers with which this person may use `/mcp`. */
async function signIn (app: SampleApp, account: typeof anna): Promise<Headers> {
  const { spaceId } = app.addAccount(account)
  const { json } = await postJson(`${app.url}/api/v1/auth/login`, account)
  const { token } = json as { token: string }
  return { authorization: `Bearer ${token}`, 'x-mana-space': spaceId }
}

interface Connection {
  client: Client
  transport: StreamableHTTPClientTransport
}

async function connect (test: Test, app: SampleApp, headers: Headers = {}): Promise<Connection> {
  const transport = new StreamableHTTPClientTransport(new URL(app.mcpUrl), {
    requestInit: { headers }
  })
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(transport)
  test.teardown(() => client.close())
  return { client, transport }
}

async function call ({ client }: Connection, name: string, args: Record<string, unknown> = {}) {
  const result = await client.request(
    { method: 'tools/call', params: { name, arguments: args } },
    CallToolResultSchema
  )
  const [block] = result.content
  const text = block?.type === 'text' ? block.text : ''
  return {
    isError: result.isError === true,
    text,
    json: result.isError === true ? null : JSON.parse(text)
  }
}

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1.0.0' }
  }
}

t.test('a person signs in and sees a personal space and a team', async t => {
  const app = await start(t)
  const { userId, spaceId } = app.addAccount(anna)
  const login = await postJson(`${app.url}/api/v1/auth/login`, {
    email: 'Anna@Example.org',
    password: anna.password
  })
  t.match(login, {
    status: 200,
    json: { token: String, user: { id: userId, email: anna.email, name: 'Anna' } }
  })

  const { token } = login.json as { token: string }
  const list = await fetch(`${app.url}/api/auth/organization/list`, {
    headers: { authorization: `Bearer ${token}` }
  })
  t.match(await list.json(), [{ id: spaceId, name: 'Anna', slug: 'anna', type: 'personal' }, {
    type: 'team'
  }])
})

t.test('nobody gets in with a wrong password, an unknown email or no token', async t => {
  const app = await start(t)
  app.addAccount(anna)
  const wrong = await postJson(`${app.url}/api/v1/auth/login`, {
    email: anna.email,
    password: 'guess'
  })
  t.match(wrong, { status: 401, json: { error: 'INVALID_CREDENTIALS', message: String } })
  const unknown = await postJson(`${app.url}/api/v1/auth/login`, {
    email: 'x@example.org',
    password: 'guess'
  })
  t.strictSame(unknown.json, wrong.json, 'and cannot tell which of the two was wrong')
  t.equal((await postJson(`${app.url}/api/v1/auth/login`, { email: anna.email })).status, 400)
  t.equal((await fetch(`${app.url}/api/auth/organization/list`)).status, 401)
})

t.test('both revisions of the protocol serve the same person the same rows; one alone refuses the other', async t => {
  const app = await start(t)
  const headers = await signIn(app, anna)
  const open = async (url: string) => {
    const toolbox = await openMcpToolbox(
      { url, headers, callTimeoutMs: 10_000, trusted: true },
      new AbortController().signal
    )
    t.teardown(() => toolbox.close())
    return toolbox
  }
  const stateless = await open(app.mcpUrl)
  t.match(stateless, {
    era: 'stateless',
    protocolVersion: '2026-07-28',
    serverInfo: { name: 'sample-app' }
  })
  const created = await stateless.call('todo.create', { title: 'Both' }, {
    signal: new AbortController().signal
  })
  t.match(created, { result: 'ok', text: /Both/ })
  const before = await connect(t, app, headers)
  t.ok(
    (await call(before, 'todo.list')).json.some(({ title }: { title: string }) => title === 'Both')
  )
  const { tools } = await before.client.listTools()
  t.strictSame(stateless.tools.map(({ name }) => name), tools.map(({ name }) => name))
  t.match(
    await postJson(app.mcpUrl, { jsonrpc: '2.0', id: 1, method: 'server/discover', params: {} }, {
      'mcp-protocol-version': '2026-07-28'
    }),
    { status: 401 }
  )

  for (const [face, era] of [['stateless', 'stateless'], ['session', 'session']] as const) {
    const alone = await start(t, { face, requireAccounts: false })
    t.match(await open(alone.mcpUrl), { era })
    t.equal(alone.requests.initialize, face === 'session' ? 1 : undefined)
  }
  const newOnly = await start(t, { face: 'stateless', requireAccounts: false })
  t.match(await postJson(newOnly.mcpUrl, initialize), { json: { error: { code: -32022 } } })
})

t.test('an account added twice keeps its rows and takes the new password', async t => {
  const app = await start(t)
  const connection = await connect(t, app, await signIn(app, anna))
  await call(connection, 'todo.create', { title: 'Stay' })
  const again = await connect(t, app, await signIn(app, { ...anna, password: 'changed' }))
  t.match((await call(again, 'todo.list')).json, [{ title: 'Stay' }])
  t.equal((await postJson(`${app.url}/api/v1/auth/login`, anna)).status, 401)
})

t.test('two people see only their own rows', async t => {
  const app = await start(t)
  const a = await connect(t, app, await signIn(app, anna))
  const b = await connect(t, app, await signIn(app, ben))
  const { json: created } = await call(a, 'notes.create', { title: 'Geheim', text: 'Nur für mich' })
  t.match((await call(a, 'notes.search', { query: 'geheim' })).json, [{ id: created.id }])
  t.strictSame((await call(b, 'notes.search', { query: 'geheim' })).json, [])
  t.match(await call(b, 'notes.update', { id: created.id, text: 'Mine' }), {
    isError: true,
    text: `No note has the id "${created.id}".`
  })
})

t.test('every module starts with a few rows, the same for the same email and others for the next', async t => {
  const lists = ['todo', 'journal', 'notes', 'habits', 'calendar', 'contacts', 'goals', 'articles']
    .map(module => `${module}.list`)
  const readAll = async (account: typeof anna) => {
    const app = await start(t)
    const connection = await connect(t, app, await signIn(app, account))
    const rows = await Promise.all(
      [...lists, 'mood.history'].map(async name => (await call(connection, name)).json)
    )
    return rows
  }
  const first = await readAll(anna)
  t.ok(first.every(rows => rows.length > 0), 'no module is empty')
  t.strictSame(await readAll(anna), first)
  t.notSame(await readAll({ ...anna, email: 'another@example.org' }), first)
  t.notSame(await readAll({ ...anna, locale: 'en-GB' }), first)
})

t.test('tools carry dotted names, descriptions and honest annotations', async t => {
  const app = await start(t)
  const { client } = await connect(t, app, await signIn(app, anna))
  const { tools } = await client.listTools()
  t.equal(tools.length, 28)
  t.ok(
    tools.every(tool => /^[a-z]+\.[a-z]+$/.test(tool.name) && tool.description),
    'named and described'
  )
  const hints = (name: string) => tools.find(tool => tool.name === name)?.annotations
  t.match(hints('mood.history'), { readOnlyHint: true })
  t.match(hints('todo.complete'), {
    readOnlyHint: false,
    idempotentHint: true,
    destructiveHint: false
  })
  t.match(hints('todo.create'), {
    readOnlyHint: false,
    idempotentHint: false,
    destructiveHint: false
  })
})

t.test('planted: an event in the afternoon cannot be created, and leaves no trace', async t => {
  const app = await start(t)
  const connection = await connect(t, app, await signIn(app, anna))
  const create = (time: string) =>
    call(connection, 'calendar.create', { title: 'Friseur', start: `${dayFromToday(1)}T${time}` })
  t.match(await create('12:00'), {
    isError: true,
    text: 'Internal error: could not save event (CAL-500)'
  })
  t.match(await create('11:59'), {
    isError: false,
    json: { title: 'Friseur', durationMinutes: 60 }
  })
  t.strictSame(app.effects(anna.email), { 'calendar.create': 1 })
})

t.test('planted: the calendar is slow to list', async t => {
  const app = await start(t)
  const connection = await connect(t, app, await signIn(app, anna))
  const startedAt = performance.now()
  t.equal(
    (await call(connection, 'calendar.list', { from: dayFromToday(0), to: dayFromToday(0) })).json
      .length,
    1
  )
  t.ok(performance.now() - startedAt > CALENDAR_LIST_DELAY_MS - 10, 'as slow as promised')
})

t.test('planted: a contact needs a number in a format that only the refusal tells', async t => {
  const app = await start(t)
  const connection = await connect(t, app, await signIn(app, anna))
  t.match(await call(connection, 'contacts.add', { name: 'Max', phone: '030 23125 001' }), {
    isError: true,
    text: /E\.164/
  })
  t.match(await call(connection, 'contacts.add', { name: 'Max', phone: '+493023125001' }), {
    isError: false
  })
})

t.test('effects count changes and not calls', async t => {
  const app = await start(t)
  const connection = await connect(t, app, await signIn(app, anna))
  const { json: todo } = await call(connection, 'todo.create', { title: 'Müll rausbringen' })
  const { json: habit } = await call(connection, 'habits.create', { name: 'Lesen' })
  for (let i = 0; i < 2; i++) {
    await call(connection, 'todo.complete', { id: todo.id })
    await call(connection, 'todo.update', { id: todo.id, title: 'Müll' })
    await call(connection, 'habits.check', { id: habit.id })
    await call(connection, 'mood.log', { score: 4 })
    await call(connection, 'mood.log', { score: 9 })
    await call(connection, 'articles.list')
  }
  t.strictSame(app.effects('ANNA@example.org'), {
    'todo.create': 1,
    'habits.create': 1,
    'todo.complete': 1,
    'todo.update': 1,
    'habits.check': 1,
    'mood.log': 2
  })
  t.strictSame(app.effects('nobody@example.org'), {})
})

t.test('bad input is refused in a sentence, an unknown tool by the protocol', async t => {
  const app = await start(t)
  const connection = await connect(t, app, await signIn(app, anna))
  t.match(await call(connection, 'mood.log', { score: 'great' }), {
    isError: true,
    text: /^The input is not valid\. score: /
  })
  await t.rejects(call(connection, 'todo.explode'), { code: -32602, message: /Unknown tool/ })
})

t.test('mcp refuses a wrong token, a wrong space, and the team', async t => {
  const app = await start(t)
  const mine = await signIn(app, anna)
  const others = await signIn(app, ben)
  const post = (headers: Headers) => postJson(app.mcpUrl, initialize, headers)
  t.match(await post({}), { status: 401, headers: { 'www-authenticate': /^Bearer/ } })
  t.match(await post({ ...mine, authorization: 'Bearer wrong' }), { status: 401 })
  t.match(await post({ ...mine, 'x-mana-space': others['x-mana-space'] ?? '' }), { status: 403 })
  t.match(await post({ ...mine, 'x-mana-space': 'space_team' }), { status: 403 })
  t.strictSame(app.requests, {})
})

t.test('a session is unknown to everyone but its owner, and to all once it has ended', async t => {
  const app = await start(t)
  const mine = await signIn(app, anna)
  const { transport } = await connect(t, app, mine)
  const list = (headers: Headers) =>
    postJson(app.mcpUrl, { jsonrpc: '2.0', id: 2, method: 'tools/list' }, headers)
  const session = { 'mcp-session-id': transport.sessionId ?? '' }
  const unknown = { status: 404, json: { jsonrpc: '2.0', error: { code: -32001 } } }
  t.match(await list({ ...await signIn(app, ben), ...session }), unknown)
  t.match(await list({ ...mine, 'mcp-session-id': 'made-up' }), unknown)
  t.match(await list(mine), { status: 400 })
  await transport.terminateSession()
  t.match(await list({ ...mine, ...session }), unknown)
})

t.test('requests are counted by method', async t => {
  const app = await start(t)
  const connection = await connect(t, app, await signIn(app, anna))
  await connection.client.listTools()
  await call(connection, 'todo.list')
  await call(connection, 'goals.list')
  t.strictSame(app.requests, {
    initialize: 1,
    'notifications/initialized': 1,
    'tools/list': 1,
    'tools/call': 2
  })
})

t.test('only this machine is answered, and no endless body', async t => {
  const app = await start(t)
  const statusWith = (headers: Headers) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(`${app.url}/mcp`, { method: 'POST', headers }, response =>
        resolve(response.resume().statusCode)).on('error', reject).end()
    })
  t.equal(await statusWith({ host: 'evil.example' }), 403)
  t.equal(await statusWith({ origin: 'https://evil.example' }), 403)
  t.equal(await statusWith({ origin: 'null' }), 403)
  t.equal(await statusWith({ origin: 'http://localhost:5173' }), 401)
  t.equal((await postJson(app.mcpUrl, { padding: 'x'.repeat(300_000) })).status, 413)
})

t.test('without accounts everybody shares one space', async t => {
  const app = await start(t, { requireAccounts: false })
  await call(await connect(t, app), 'todo.create', { title: 'Shared' })
  t.match((await call(await connect(t, app), 'todo.list')).json, [{ title: 'Shared' }])
  t.strictSame(app.effects('anyone@example.org'), { 'todo.create': 1 })
})

t.test('closing ends open streams and calls under way at once', async t => {
  const app = await start(t)
  const mine = await signIn(app, anna)
  const { transport } = await connect(t, app, mine)
  const headers = {
    ...mine,
    'mcp-session-id': transport.sessionId ?? '',
    accept: 'application/json, text/event-stream'
  }
  // One stream is allowed per session: either this one is it, or the client has opened its own
  // already.
  const stream = await fetch(app.mcpUrl, { headers })
  t.ok([200, 409].includes(stream.status), 'a stream is open')
  const slow = await fetch(app.mcpUrl, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 3,
      method: 'tools/call',
      params: { name: 'calendar.list', arguments: {} }
    })
  })
  await app.close()
  await Promise.allSettled([stream.text(), slow.text()])
  await t.rejects(fetch(app.url), 'nobody listens any more')
})
