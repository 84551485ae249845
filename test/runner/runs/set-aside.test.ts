import { Writable } from 'node:stream'
import t from 'tap'
import type { Script } from 'scripted-claude/scripted-claude'
import { startScriptedClaude } from 'scripted-claude/scripted-claude'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { startMcpFaultServer } from '../../helpers/mcp-fault-server.ts'

const LIBRARY_DEFAULT = { readOnlyHint: false, destructiveHint: true }
const tool = (name: string, rest: object = {}) => ({
  name,
  description: `Does ${name}.`,
  inputSchema: { type: 'object' },
  ...rest
})
const RATINGS = JSON.stringify({
  ratings: [{
    module: 'todo',
    notes: 'Ging (#1).',
    rating: 4,
    evidence: [{ action: 1, quote: 'done' }]
  }]
})

/** Calls the first tool that it is shown, and rates. */
const callsTheFirst: Script = request => {
  const said = JSON.stringify(request.messages)
  if (/costliestModule/.test(JSON.stringify(request.messages.at(-1)))) return { text: RATINGS }
  return said.includes('tool_result')
    ? { text: 'Gut.' }
    : { toolCalls: [{ name: request.tools?.[0]?.name ?? '', input: {} }] }
}

async function world (
  tools: unknown[],
  options: { env?: Record<string, string>, script?: Script, logger?: object } = {}
) {
  const server = await startMcpFaultServer(t, { tools })
  const claude = await startScriptedClaude({ script: options.script ?? callsTheFirst })
  t.teardown(() => claude.close())
  const env = {
    ANTHROPIC_API_KEY: 'stand-in',
    ANTHROPIC_BASE_URL: claude.url,
    MCP_URL: server.url,
    ...options.env
  }
  const database = await openTestDatabase(t)
  const app = await startTestApp(t, {
    env,
    database,
    ...(options.logger !== undefined && { logger: options.logger })
  })
  let people = 0
  const live = async (more: object = {}) => {
    const { id } = await createPersona(app, { email: `p${++people}@personas.test`, ...more })
    const from = claude.requests.length
    await app.inject({ method: 'POST', url: '/diag/tick' })
    const { runs: [run] } =
      (await app.inject({ url: `/api/v1/admin/runs?personaId=${id}`, headers: admin })).json()
    return {
      run,
      requests: claude.requests.slice(from),
      shown: claude.requests.at(-1)?.tools?.map(shown => shown.name) ?? []
    }
  }
  const listed = async (name = 'main') =>
    (await app.inject({ url: `/api/v1/admin/tools?app=${name}`, headers: admin })).json().tools
  return { app, database, server, claude, live, listed }
}

t.test('an app whose library declares all tools destructive is lived in, and what destroys by name is listed', async t => {
  const { app, live, listed } = await world(
    ['todo_list', 'todo_create', 'todo_delete'].map(name =>
      tool(name, { annotations: LIBRARY_DEFAULT })
    )
  )
  const { run, shown } = await live()
  t.match(run, { state: 'completed' })
  t.same(shown, ['todo_create', 'todo_list'])
  t.match(await listed(), [
    {
      name: 'todo_delete',
      setAside: {
        reason: 'name_destroys',
        why: 'its name says "delete"',
        mend: 'TOOL_ALLOW=todo_delete',
        since: String
      }
    },
    { name: 'todo_create', setAside: null },
    { name: 'todo_list', setAside: null }
  ])
  const facts = await app.inject({ url: '/api/v1/admin/tools', headers: admin })
  t.equal(facts.json().hintsIgnored, true, 'the run has stored that its hints say nothing')
})

t.test('a day without any tool fails with the line that mends it, and asks no model', async t => {
  const tools = ['browser_click', 'browser_type'].map(name =>
    tool(name, { annotations: LIBRARY_DEFAULT })
  )
  const { app, live, listed } = await world(tools, { env: { TOOL_ALLOW: 'todo.list' } })
  const { run, requests } = await live()
  t.match(run, {
    state: 'failed',
    errorCode: 'TOOLS_ALL_DENIED',
    errorMessage: /TOOL_ALLOW=todo\.list,browser_click,browser_type/
  })
  t.equal(requests.length, 0)
  t.equal(
    (await app.database.db.selectFrom('module_visits').selectAll().execute()).length,
    0,
    'it is no lived day'
  )
  t.match(await listed(), [
    { name: 'browser_click', setAside: { reason: 'declared_destructive' } },
    { name: 'browser_type' }
  ])
  const denied = await (await world([tool('todo.list')], { env: { TOOL_DENY: '*' } })).live()
  t.match(denied.run, {
    errorCode: 'TOOLS_ALL_DENIED',
    errorMessage: /change TOOL_DENY or TOOL_POLICY/
  })
  const unusable = await (await world([tool('todo.list', { inputSchema: { type: 'string' } })]))
    .live()
  t.match(unusable.run, {
    state: 'failed',
    errorCode: 'MCP_NO_TOOLS',
    errorMessage: /todo\.list: its schema takes something else/
  })
})

t.test('what is set aside is known by app, and a tool that is allowed again is listed no more', async t => {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write (chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    }
  })
  const { app, database, server, live, listed } = await world([
    tool('todo.list'),
    tool('todo.delete')
  ], { logger: { level: 'warn', stream } })
  const put = (more: object = {}) =>
    app.inject({
      method: 'PUT',
      url: '/api/v1/admin/apps/shop',
      headers: admin,
      payload: { mcpUrl: server.url, accounts: 'none', ...more }
    })
  t.equal((await put()).statusCode, 201)
  await live()
  await live()
  await live({ app: 'shop' })
  const told = lines.filter(line => line.msg === 'no persona gets to see this tool of the app')
  t.match(told, [{ app: 'main', tool: 'todo.delete', reason: 'name_destroys' }, {
    app: 'shop',
    tool: 'todo.delete'
  }], 'once for each app')
  t.equal(told.length, 2)
  await startTestApp(t, {
    database,
    env: { ANTHROPIC_API_KEY: 'stand-in', RUNNER_PAUSED: 'true' },
    logger: { level: 'warn', stream }
  })
  t.match(lines.filter(line => /in earlier runs/.test(String(line.msg))), [
    { app: 'main', tools: ['todo.delete'], mend: 'TOOL_ALLOW=todo.delete' },
    { app: 'shop', mend: /"toolAllow"/ }
  ], 'and a process that starts says so again')
  const of = async (name: string) =>
    (await listed(name)).find((one: { name: string }) => one.name === 'todo.delete')?.setAside
  t.match(await of('shop'), { mend: '"toolAllow": ["todo.delete"] in PUT /api/v1/admin/apps/shop' })
  await put({ toolAllow: ['todo.delete'] })
  await live({ app: 'shop' })
  t.equal(await of('shop'), null)
  t.match(await of('main'), { reason: 'name_destroys' }, 'the other app keeps its own')
})

t.test('a tool that the model refuses is refused once, and listed with its words', async t => {
  const script: Script = (request, state) => {
    const at = request.tools?.findIndex(({ name }) => name.startsWith('todo_odd')) ?? -1
    if (at < 0) return callsTheFirst(request, state)
    return {
      error: {
        status: 400,
        type: 'invalid_request_error',
        message: `tools.${at}.custom.input_schema: JSON schema is invalid`
      }
    }
  }
  const tools = [tool('todo.list'), tool('todo.odd')]
  const { live, listed } = await world(tools, { script })
  t.match(await live(), { run: { state: 'completed' }, requests: { length: 4 } })
  t.match(
    await live(),
    { run: { state: 'completed' }, requests: { length: 3 } },
    'the next run does not ask again'
  )
  t.match((await listed())[0], {
    name: 'todo.odd',
    setAside: { reason: 'refused_by_model', why: /JSON schema is invalid/, mend: null }
  })
  tools[1] = tool('todo.odd', { description: 'Mended.' })
  t.match(await live(), { requests: { length: 4 } }, 'but where the app has changed the tool')
})

t.test('a list of tools that leaves no room for a day fails before the model is asked, and says which are the largest', async t => {
  const tools = [
    tool('todo.list'),
    ...[1, 2, 3, 4, 5, 6].map(n => tool(`big${n}`, { description: 'x'.repeat(n * 1000) }))
  ]
  const { run, requests } = await (await world(tools, { env: { MAX_INPUT_TOKENS: '9000' } })).live()
  t.match(run, { state: 'failed', errorCode: 'TOOL_LIST_TOO_LARGE' })
  t.match(run.errorMessage, /about 5\d{3} tokens.*MAX_INPUT_TOKENS \(9000\)/)
  t.match(
    run.errorMessage,
    /big6 \(15\d\d\), big5 \(\d+\), big4 \(\d+\), big3 \(\d+\), big2 \(\d+\).*TOOL_DENY=big6,big5;/
  )
  t.equal(requests.length, 0)
  const roomy =
    await (await world(tools, { env: { MAX_INPUT_TOKENS: '9000', TOOL_DENY: 'big6,big5' } })).live()
  t.match(roomy.run, { state: 'completed' }, 'what it says to deny is enough')
})

t.test('tools whose properties the model API would refuse are offered, and the app gets its own names', async t => {
  const inputSchema = {
    type: ['object'],
    properties: { 'filter[name]': { type: 'string', required: null } },
    required: ['filter[name]']
  }
  const tools = [...Array(12).keys()].map(i =>
    tool(`todo.find${i}`, {
      inputSchema: i === 11 ? { properties: null, required: null } : inputSchema
    })
  )
  const script: Script = (request, state) => {
    const found = request.tools?.[0]
    const [name = ''] = Object.keys((found?.input_schema.properties ?? {}) as object)
    const isFirst = !JSON.stringify(request.messages).includes('tool_result')
    return isFirst
      ? { toolCalls: [{ name: found?.name ?? '', input: { [name]: 'milk' } }] }
      : callsTheFirst(request, state)
  }
  const { claude, server, live, listed } = await world(tools, { script })
  const { run, shown } = await live()
  t.match([run.state, shown.length, claude.refusals], ['completed', 12, []])
  const call = server.received.find(({ method }) => method === 'tools/call')
  t.same(call?.params?.arguments, { 'filter[name]': 'milk' })
  t.ok((await listed()).every((one: { setAside: unknown }) => one.setAside === null))
})
