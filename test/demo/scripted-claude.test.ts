import Anthropic from '@anthropic-ai/sdk'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import type { Test } from 'tap'
import { promptsFor } from '../../src/runner/agent/prompts/prompts.ts'
import { checkRequest } from 'scripted-claude/messages-api-checker'
import { playPersona } from 'scripted-claude/persona-player'
import { startScriptedClaude } from 'scripted-claude/scripted-claude'
import type { Script } from 'scripted-claude/scripted-claude'
import { neverStops, sequence } from '../helpers/scripts.ts'

const headers = { 'anthropic-version': '2026-10-21', authorization: 'Bearer k' }
const tool = { name: 'todo_list', input_schema: { type: 'object' } }
const hello = { role: 'user', content: 'hello' }
const call = { type: 'tool_use', id: 'toolu_1', name: 'todo_list', input: {} }
const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: '[]' }
const marked = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }
const legal = { model: 'm', max_tokens: 9, tools: [tool], messages: [hello] }

function said (...messages: { role: string, content: unknown }[]) {
  return { ...legal, messages }
}

const asked = { role: 'assistant', content: [call] }
const answered = { role: 'user', content: [result] }

const refused: [string, unknown, RegExp][] = [
  ['a body that is no object', [], /JSON object/],
  ['no model', { ...legal, model: undefined }, /^model: /],
  ['an empty model', { ...legal, model: '' }, /^model: /],
  ['no max_tokens', { ...legal, max_tokens: undefined }, /^max_tokens: Field required/],
  ['max_tokens 0', { ...legal, max_tokens: 0 }, /^max_tokens: /],
  ['max_tokens 1.5', { ...legal, max_tokens: 1.5 }, /^max_tokens: .*integer/],
  ['temperature', { ...legal, temperature: 1 }, /^temperature: /],
  ['top_p', { ...legal, top_p: 1 }, /^top_p: /],
  ['top_k', { ...legal, top_k: 1 }, /^top_k: /],
  ['no messages', said(), /at least one message/],
  [
    "a first message that is not the user's",
    said(asked, answered),
    /first message must use the "user" role/
  ],
  [
    "a last message that is not the user's",
    said(hello, { role: 'assistant', content: 'Well,' }),
    /prefill/
  ],
  ['a role of its own', said({ role: 'system', content: 'x' }), /^messages\.0\.role/],
  [
    'a tool name with a dot',
    { ...legal, tools: [{ ...tool, name: 'todo.list' }] },
    /^tools\.0\.custom\.name: String should match pattern/
  ],
  ['two tools of one name', { ...legal, tools: [tool, tool] }, /names must be unique/],
  ['a schema that is no object', {
    ...legal,
    tools: [{ ...tool, input_schema: { type: 'array' } }]
  }, /input_schema\.type/],
  ['anyOf at the top', {
    ...legal,
    tools: [{ ...tool, input_schema: { type: 'object', anyOf: [] } }]
  }, /top level/],
  [
    'an empty text',
    said({ role: 'user', content: [{ type: 'text', text: '' }] }),
    /text content blocks must be non-empty/
  ],
  ['a blank text', said({ role: 'user', content: ' \n' }), /non-whitespace/],
  [
    'an empty content',
    said(hello, { role: 'assistant', content: [] }, hello),
    /^messages\.1: all messages must have non-empty content/
  ],
  [
    'a call without a result',
    said(hello, asked, hello),
    /^messages\.1: `tool_use` ids were found without `tool_result`.*toolu_1/
  ],
  ['a result that comes too late', said(hello, asked, hello, answered), /ids were found without/],
  [
    'a result behind a text',
    said(hello, asked, { role: 'user', content: [marked, result] }),
    /ids were found without/
  ],
  [
    'a result without a call',
    said(hello, { role: 'assistant', content: 'x' }, answered),
    /^messages\.2\.content\.0: unexpected `tool_use_id`/
  ],
  [
    'two results of one call',
    said(hello, asked, { role: 'user', content: [result, result] }),
    /single result/
  ],
  [
    'one id for two calls',
    said(hello, asked, answered, asked, answered),
    /`tool_use` ids must be unique/
  ],
  [
    'an input that is no object',
    said(hello, { role: 'assistant', content: [{ ...call, input: 'x' }] }, answered),
    /valid dictionary/
  ],
  [
    'a block of the other side',
    said({ role: 'user', content: [call] }),
    /does not match any of the expected tags/
  ],
  [
    'five breakpoints',
    said({ role: 'user', content: [marked, marked, marked, marked, marked] }),
    /maximum of 4 blocks.*Found 5/
  ],
  ['half a character', said({ role: 'user', content: 'x\ud83d' }), /surrogate/],
  [
    'half a character in a key',
    said(hello, { role: 'assistant', content: [{ ...call, input: { '\udc00': 1 } }] }, answered),
    /surrogate/
  ]
]

t.test('refuses what the Messages API refuses', async t => {
  for (const [what, body, message] of refused) {
    t.match(
      checkRequest(body, headers),
      { status: 400, type: 'invalid_request_error', message },
      what
    )
  }
  t.match(checkRequest(legal, { 'anthropic-version': 'x' }), {
    status: 401,
    type: 'authentication_error'
  }, 'no key')
  t.match(checkRequest(legal, { authorization: 'Bearer k' }), {
    status: 400,
    message: /^anthropic-version/
  }, 'no version')
})

t.test('takes what the Messages API takes', async t => {
  const bodies = {
    'a string': legal,
    'a whole tool turn': said(hello, asked, {
      role: 'user',
      content: [result, marked, marked, marked, marked]
    }),
    'an empty result': said(hello, asked, { role: 'user', content: [{ ...result, content: '' }] }),
    'a property that is called cache_control': {
      ...legal,
      tools: [{ ...tool, input_schema: { type: 'object', properties: { cache_control: {} } } }]
    },
    'a whole character': said({ role: 'user', content: '🙂' })
  }
  for (const [what, body] of Object.entries(bodies)) {
    t.equal(checkRequest(body, headers), null, what)
  }
  t.equal(
    checkRequest(legal, { 'anthropic-version': 'x', 'x-api-key': 'k' }),
    null,
    'the older header'
  )
})

async function start (test: Test, script: Script) {
  const claude = await startScriptedClaude({ script })
  test.teardown(() => claude.close())
  const client = new Anthropic({ apiKey: 'k', baseURL: claude.url, maxRetries: 0, logLevel: 'off' })
  return { claude, client }
}

/** What a promise that has to fail failed with. */
function failure (promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => 'it did not fail', (cause: unknown) => cause)
}

const ask = {
  model: 'claude-opus-5-5',
  max_tokens: 500,
  messages: [{ role: 'user' as const, content: 'hello' }]
}

t.test('answers the real client as the API would, and says that it is a stand-in', async t => {
  const { claude, client } = await start(
    t,
    sequence([{ text: 'Hm.', toolCalls: [{ name: 'todo_list', input: { a: 1 } }] }])
  )
  const { data, response } = await client.messages.create(ask).withResponse()
  t.match(data, {
    model: ask.model,
    role: 'assistant',
    stop_reason: 'tool_use',
    usage: { output_tokens: Number, cache_read_input_tokens: 0 }
  })
  t.match(data.content, [{ type: 'text', text: 'Hm.' }, {
    type: 'tool_use',
    id: /^toolu_/,
    name: 'todo_list',
    input: { a: 1 }
  }])
  t.match(response.headers.get('request-id'), /^req_/)
  t.equal(response.headers.get('x-stand-in'), 'persona-runner')
  t.equal(claude.requests.length, 1)
})

t.test('a refusal reaches the client as its typed error, and is kept', async t => {
  const { claude, client } = await start(t, sequence([{}]))
  const tools = [{ name: 'todo.list', input_schema: { type: 'object' as const } }]
  const error = await failure(client.messages.create({ ...ask, tools }))
  t.ok(error instanceof Anthropic.BadRequestError)
  t.match(error, { status: 400, type: 'invalid_request_error', requestID: /^req_/ })
  t.match(await failure(client.messages.create({ ...ask, stream: true })), {
    status: 400,
    message: /stream/
  })
  t.match(claude.refusals, [/String should match pattern/, /stream/])
  t.equal(claude.requests.length, 0)
  t.match(await failure(client.messages.countTokens(ask)), { status: 404, type: 'not_found_error' })
})

t.test('plays every way in which the API can fail', async t => {
  const { client } = await start(t, sequence([]))
  t.same((await client.messages.create(ask)).content, [], 'an empty reply')
  const error = {
    status: 429,
    type: 'rate_limit_error',
    message: 'slow down',
    headers: { 'retry-after': '7' }
  }
  const cases: [Script, object][] = [
    [() => ({ error }), { status: 429, type: 'rate_limit_error', message: /slow down/ }],
    [() => ({ destroy: true }), { message: /Connection error/ }],
    [() => ({ raw: { status: 200, contentType: 'application/json', body: '{"half' } }), {
      name: 'SyntaxError'
    }],
    [() => {
      throw new Error('my mistake')
    }, { status: 500, message: /the script threw: my mistake/ }]
  ]
  for (const [script, expected] of cases) {
    const failing = await start(t, script)
    t.match(await failure(failing.client.messages.create(ask)), expected)
  }
  const limited = await start(t, () => ({ error }))
  const cause = await failure(limited.client.messages.create(ask))
  t.equal(cause instanceof Anthropic.APIError && cause.headers?.get('retry-after'), '7')
})

t.test('closing does not wait for a reply that is late', async t => {
  const claude = await startScriptedClaude({ script: () => ({ text: 'late', delayMs: 60_000 }) })
  const client = new Anthropic({ apiKey: 'k', baseURL: claude.url, maxRetries: 0 })
  const pending = t.rejects(client.messages.create(ask))
  while (claude.requests.length === 0) await new Promise(resolve => setImmediate(resolve))
  await claude.close()
  await pending
})

t.test('counts what the prompt cache would read and write', async t => {
  const { client } = await start(t, neverStops('todo_list'))
  const cached = (
    text: string
  ) => [{ type: 'text' as const, text, cache_control: { type: 'ephemeral' as const } }]
  const usage = async (system: string, content: string) =>
    (await client.messages.create({
      ...ask,
      system: cached(system),
      messages: [{ role: 'user', content }]
    })).usage
  const first = await usage('s'.repeat(8000), 'one')
  t.match(first, { cache_read_input_tokens: 0 })
  t.ok(Number(first.cache_creation_input_tokens) > 1900)
  t.match(await usage('s'.repeat(8000), 'two'), {
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: first.cache_creation_input_tokens
  })
  t.match(
    await usage('other'.repeat(2000), 'two'),
    { cache_read_input_tokens: 0 },
    'another prefix'
  )
  t.match(await usage('too short', 'two'), {
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0
  }, 'below 1,024 tokens')
})

/**
 * Played by this test: todos, a calendar that saves nothing after noon, and contacts that want
 * E.164.
 */
const text = { type: 'string', minLength: 1, maxLength: 200 }
const localTime = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}$' }
const app: Record<
  string,
  { schema: Record<string, unknown>, run: (input: Record<string, unknown>) => unknown }
> = {
  'todo.list': {
    schema: { type: 'object', properties: {} },
    run: () => [{ id: 't_3', title: 'Fenster putzen', done: false }]
  },
  'todo.create': {
    schema: { type: 'object', properties: { title: text }, required: ['title'] },
    run: input => ({ id: 't_4', ...input })
  },
  'todo.complete': {
    schema: { type: 'object', properties: { id: text }, required: ['id'] },
    run: ({ id }) => known(id, 't_3', 't_4')
  },
  'todo.delete': {
    schema: { type: 'object', properties: { id: text }, required: ['id'] },
    run: () => fail('nobody deletes')
  },
  'calendar.list': { schema: { type: 'object', properties: {} }, run: () => [] },
  'calendar.create': {
    schema: {
      type: 'object',
      properties: {
        title: text,
        start: localTime,
        minutes: { type: 'integer', minimum: 5, maximum: 60 }
      },
      required: ['title', 'start']
    },
    run: ({ start, title }) =>
      Number(String(start).slice(11, 13)) < 12
        ? { id: 'e_1', title, start }
        : fail('Could not save the event')
  },
  'contacts.add': {
    schema: {
      type: 'object',
      properties: { name: text, phone: text },
      required: ['name', 'phone']
    },
    run: ({ phone, name }) =>
      /^\+\d+$/.test(String(phone))
        ? { id: 'c_1', name, phone }
        : fail('The phone number is not in E.164 format')
  }
}

function fail (message: string): never {
  throw new Error(message)
}

function known (id: unknown, ...ids: string[]) {
  return ids.includes(String(id)) ? { id, done: true } : fail(`No todo has the id ${String(id)}`)
}

const onTheWire = (name: string) => `${name.replace('.', '_')}_1a2b3c4d`
const ajv = new Ajv2020({ strict: false })

interface Played {
  number: number
  toolName: string
  module: string
  outcome: 'ok' | 'error'
  input: unknown
  text: string
}

interface Persona {
  system: string
  locale?: string
  favouriteModules?: string[]
}

/** Drives one day and its reflection as the runner does, with the prompts of the runner. */
async function playDay (t: Test, { system, locale = 'de', favouriteModules = ['todo'] }: Persona) {
  const { claude, client } = await start(t, playPersona)
  const prompts = promptsFor(locale)
  const today = locale === 'de' ? 'Montag, 23. November 2026' : 'Monday, 23 November 2026'
  const tools = Object.entries(app)
    .map(([name, { schema }]) => ({
      name: onTheWire(name),
      input_schema: schema as Anthropic.Tool.InputSchema
    }))
  const messages: Anthropic.MessageParam[] = [{
    role: 'user',
    content: prompts.day({ today, favouriteModules })
  }]
  const actions: Played[] = []
  const turn = async () => {
    const reply = await client.messages.create({
      ...ask,
      system: prompts.system({ systemPrompt: system }, { data: 'd', canary: 'c' }),
      tools,
      messages
    })
    messages.push({ role: 'assistant', content: reply.content })
    return reply.content
  }
  const reflect = async (prompt: string) => {
    messages.push({ role: 'user', content: prompt })
    return (await turn()).map(block => block.type === 'text' ? block.text : block.type).join('')
  }
  let content = await turn()
  while (content.some(block => block.type === 'tool_use')) {
    const results = content.flatMap(block =>
      block.type === 'tool_use' ? [perform(block, actions)] : []
    )
    messages.push({ role: 'user', content: results })
    content = await turn()
  }
  const modules = [...new Set(actions.map(action => action.module))]
  const answer = await reflect(prompts.reflect({ modules, actions }))
  const repaired = await reflect(prompts.repair(['"todo": "rating" must be 0 to 5']))
  t.same(claude.refusals, [])
  return { actions, modules, answer, repaired, closing: content, turns: claude.requests.length - 2 }
}

function perform (
  block: Anthropic.ToolUseBlock,
  actions: Played[]
): Anthropic.ToolResultBlockParam {
  const toolName = Object.keys(app).find(name => onTheWire(name) === block.name) ?? ''
  const { schema = {}, run = () => fail('No such tool') } = app[toolName] ?? {}
  if (!ajv.validate(schema, block.input)) fail(`${toolName}: ${ajv.errorsText()}`)
  let text: string
  let outcome: Played['outcome'] = 'ok'
  try {
    text = JSON.stringify(run(block.input as Record<string, unknown>))
  } catch (error) {
    outcome = 'error'
    text = error instanceof Error ? error.message : ''
  }
  actions.push({
    number: actions.length + 1,
    toolName,
    module: toolName.split('.')[0] ?? '',
    outcome,
    input: block.input,
    text
  })
  return {
    type: 'tool_result',
    tool_use_id: block.id,
    content: text,
    is_error: outcome === 'error'
  }
}

interface Rating {
  module: string
  rating: number
  notes: string
  evidence: { action: number, quote: string }[]
}
interface Answer {
  ratings: Rating[]
  costliestModule: string | null
}

/** `JSON.parse` as the proof that there is nothing around it. */
function read (answer: string): Answer {
  return JSON.parse(answer) as Answer
}

function inputsOf (actions: Played[]) {
  return actions.map(({ toolName, input }) => [toolName, input])
}

const systems = [
  'Du bist Lena, Studentin in Leipzig.',
  'Du bist Bernd, Geschäftsführer, Termine am Nachmittag.',
  'Du bist Sabine, Mutter von drei Kindern.',
  'Du bist Timo, freiberuflicher Illustrator.',
  'Du bist Renate, Rentnerin und neu hier.',
  'Du bist Kim.'
]

t.test('whoever is played lives a plausible day and rates it with evidence that holds', async t => {
  for (const system of systems) {
    const { actions, modules, answer, repaired, closing, turns } = await playDay(t, {
      system,
      favouriteModules: ['calendar', 'contacts', 'todo']
    })
    t.ok(actions.length >= 3 && actions.length <= 8, `${actions.length} calls`)
    t.ok(turns <= 6, `${turns} turns, the closing one included`)
    t.match(closing, [{ type: 'text', text: /\w/ }])
    const { ratings } = read(answer)
    t.same(ratings.map(rating => rating.module), modules, 'each module once')
    for (const { module, rating, notes, evidence } of ratings) {
      const own = actions.filter(action => action.module === module)
      const textOf = (action: number) => own.find(({ number }) => number === action)?.text
      const errors = own.filter(action => action.outcome === 'error')
      t.ok(
        rating >= 1 && rating <= (errors.length > 0 ? 3 : 5),
        `${module}: ${rating} after ${errors.length} errors`
      )
      t.match(notes, /#\d/)
      t.ok(
        evidence.length > 0 &&
          evidence.every(({ action, quote }) => textOf(action)?.includes(quote))
      )
    }
    t.equal(repaired, answer)
  }
})

t.test('an event in the afternoon hurts those who have their events then, and no others', async t => {
  const favouriteModules = ['calendar']
  const creates = async (system: string) => {
    const day = await playDay(t, { system, locale: 'en', favouriteModules })
    return { ...day, creates: day.actions.filter(({ toolName }) => toolName === 'calendar.create') }
  }
  const late = await creates('You are Ada, a developer who meets people in the afternoon.')
  const early = await creates('You are Ada, a developer who meets people in the morning.')
  t.equal(late.creates[0]?.outcome, 'error')
  t.equal(late.creates.length, 2, 'one retry')
  t.equal(read(late.answer).costliestModule, 'calendar')
  t.ok((read(late.answer).ratings.find(({ module }) => module === 'calendar')?.rating ?? 5) <= 2)
  t.same(early.creates.map(({ outcome }) => outcome), ['ok'])
})

t.test('a persona that is told the format of a phone number uses it', async t => {
  const { actions, answer } = await playDay(t, {
    system: 'You are Jo, an engineer.',
    locale: 'en',
    favouriteModules: ['contacts']
  })
  const adds = actions.filter(({ toolName }) => toolName === 'contacts.add')
  t.same(adds.map(({ outcome }) => outcome), ['error', 'ok'])
  t.match(adds.map(({ input }) => input), [{ name: String }, { phone: /^\+44/ }])
  t.equal(read(answer).ratings.find(({ module }) => module === 'contacts')?.rating, 2)
})

t.test('the same persona on the same day does the same, another one does not', async t => {
  const days = await Promise.all(
    [systems[0], systems[0], systems[3]].map((system = '') => playDay(t, { system }))
  )
  const [first, again, other] = days.map(day => ({
    inputs: inputsOf(day.actions),
    answer: day.answer
  }))
  t.same(first, again)
  t.notSame(first, other)
})
