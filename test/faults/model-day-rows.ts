import assert from 'node:assert/strict'
import { openMcpToolbox } from '../../src/runner/mcp/toolbox.ts'
import { daySummary } from '../../src/runner/agent/cut-off.ts'
import { refusalDetail, toMessages } from '../../src/runner/agent/history.ts'
import { act } from '../../src/runner/agent/loop.ts'
import { nameTools } from '../../src/runner/tools/named-tools.ts'
import type { ScriptedReply } from 'scripted-claude/scripted-claude'
import { diceFor } from 'scripted-claude/player/seeded-dice'
import { RunLostError } from '../../src/platform/errors.ts'
import { startMcpFaultServer, type Handler } from '../helpers/mcp-fault-server.ts'
import { MemoryRun } from '../helpers/memory-journal.ts'
import { anything, apiError, errorEvent, first, type Fault } from './model-stand-in.ts'
import {
  create,
  DONE,
  inTurn,
  MAX_REPLY_TOKENS,
  prompts,
  use,
  type Bench,
  type BenchDay,
  type DayOptions
} from './model-bench.ts'
import type { Row } from './model-row.ts'

/**
 * What becomes of a whole day when replies are odd: real tools, a real MCP session, a journal that
 * can be taken over.
 */

const LOOK: ScriptedReply = { toolCalls: [use('todo.list')] }
const ends = (run: MemoryRun) => run.calls.map(({ end }) => end === 'started' ? end : end.result)
const sentLast = ({ standIn }: BenchDay) => standIn.seen.at(-1)?.request
const messagesOf = (day: BenchDay) => JSON.stringify(sentLast(day)?.messages)
const resultsOf = (run: MemoryRun) =>
  run.messages.flatMap(message => message.role === 'user' ? message.content : []).filter(block =>
    block.type === 'tool_result'
  )

/** Lives a day to its end; the strict checker must have had nothing against it. */
async function live (bench: Bench, options: DayOptions): Promise<BenchDay & { end: string }> {
  const day = await bench.day(options)
  const end = await act(day.day)
  assert.deepEqual(day.standIn.refusals, [])
  return { ...day, end }
}

/** An app with one tool that takes anything and answers as told. */
async function appWith (bench: Bench, onCall: Handler) {
  const server = await startMcpFaultServer(bench, {
    tools: [{ name: 'x.do', inputSchema: { type: 'object' } }],
    on: { 'tools/call': onCall }
  })
  const toolbox = await openMcpToolbox({
    url: server.url,
    headers: {},
    callTimeoutMs: 5000,
    trusted: true
  }, new AbortController().signal)
  bench.teardown(() => toolbox.close())
  return { server, tools: nameTools(toolbox) }
}

/** A message as the API sends it, with what the scripted Claude does not say. */
function message (rest: Record<string, unknown>): Fault {
  return anything(
    JSON.stringify({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-5-5',
      content: [],
      usage: {},
      stop_reason: 'end_turn',
      ...rest
    })
  )
}

const TOO_LONG: Record<string, Fault> = {
  'too many tokens': apiError(
    400,
    'invalid_request_error',
    'prompt is too long: 207791 tokens > 200000 maximum'
  ),
  'too many with the reply': apiError(
    400,
    'invalid_request_error',
    'input length and `max_tokens` exceed context limit: 198981 + 21333 > 200000'
  ),
  'too many bytes': apiError(413, 'request_too_large', 'Request exceeds the maximum size'),
  'by its stop reason': message({
    stop_reason: 'model_context_window_exceeded',
    content: [{ type: 'text', text: 'Ich' }]
  })
}

export const DAY_ROWS: Row[] = [{
  number: 'A8',
  promise:
    'a conversation that is too long is shortened once from its oldest results on, and too long again ends the day; a new worker does the same',
  async play (bench) {
    const stub = prompts.toolNotes.truncated(0).slice(0, 8)
    for (const [what, fault] of Object.entries(TOO_LONG)) {
      const once = await live(bench, {
        script: inTurn(LOOK, LOOK, LOOK, DONE),
        faults: n => n === 3 ? fault : undefined
      })
      assert.equal(once.end, 'end_turn', what)
      assert.equal(messagesOf(once).split(stub).length - 1, 1, 'the older one of two')
      const run = new MemoryRun()
      const home = await bench.moveIn()
      const cut = await bench.day({
        run,
        home,
        script: () => LOOK,
        faults: n => n === 3 ? fault : undefined,
        writes: 12
      })
      await assert.rejects(act(cut.day), RunLostError)
      const resumed = await live(bench, {
        run,
        home,
        script: () => LOOK,
        faults: n => n === 2 ? fault : undefined
      })
      assert.equal(resumed.end, 'context', what)
      assert.ok(messagesOf(resumed).includes(stub))
      const hopeless = await live(bench, { faults: () => fault })
      assert.deepEqual(
        [hopeless.end, hopeless.standIn.seen.length],
        ['context', 1],
        'nothing to take out, so nothing is sent again'
      )
    }
  }
}, {
  number: 'A9',
  promise: 'text that was cut off goes on once, and cut off again it is accepted and marked',
  async play (bench) {
    const cut = (text: string): ScriptedReply => ({ text, stopReason: 'max_tokens' })
    const goesOn = await live(bench, { script: inTurn(cut('Alles in'), { text: 'allem gut.' }) })
    assert.deepEqual([goesOn.end, daySummary(goesOn.run.messages)], [
      'end_turn',
      'Alles in allem gut.'
    ])
    const twice = await live(bench, { script: () => cut('Alles') })
    assert.deepEqual([twice.end, twice.standIn.seen.length, daySummary(twice.run.messages)], [
      'end_turn',
      2,
      'Alles Alles …'
    ])
    const thinks = await live(bench, {
      script: inTurn(cut('Ich denke'), { toolCalls: [create('Milch')] }, DONE)
    })
    assert.deepEqual(thinks.effects(), { 'todo.create': 1 }, 'the day was not over')
  }
}, {
  number: 'A10',
  promise:
    'no call of a message that was cut off is executed; it is asked for once more with twice the room',
  async play (bench) {
    const cut: ScriptedReply = {
      toolCalls: [create('Mil'), create('Brot')],
      stopReason: 'max_tokens'
    }
    const whole: ScriptedReply = { toolCalls: [create('Milch')] }
    const { end, effects, standIn, run } = await live(bench, {
      script: inTurn(cut, whole, cut, whole, cut, cut)
    })
    assert.equal(end, 'max_tokens')
    assert.deepEqual(effects(), { 'todo.create': 2 })
    assert.deepEqual(
      run.calls.map(({ call }) => call.ordinal),
      [0, 1],
      'what was cut off counts nowhere'
    )
    assert.deepEqual(standIn.seen.map(({ request }) => request.max_tokens / MAX_REPLY_TOKENS), [
      1,
      2,
      1,
      2,
      1,
      2
    ])
    const small = await live(bench, {
      script: inTurn(cut, DONE),
      maxReplyTokens: 3000,
      claude: { model: 'claude-3-haiku-20240307' }
    })
    assert.deepEqual(
      small.standIn.seen.map(({ request }) => request.max_tokens),
      [3000, 4096],
      'no more than the model gives'
    )
  }
}, {
  number: 'A11',
  promise:
    'a refusal ends the day, runs no tool, is not asked again, and what is said about it is kept',
  async play (bench) {
    const call = {
      type: 'tool_use',
      id: 'toolu_1',
      name: use('todo.create').name,
      input: { title: 'Milch' }
    }
    const refused = {
      stop_details: { type: 'refusal', category: 'cyber', explanation: 'Looked like an exploit.' }
    }
    const { end, run, effects, standIn } = await live(bench, {
      faults: () => message({ stop_reason: 'refusal', content: [call], ...refused })
    })
    assert.deepEqual([end, standIn.seen.length, effects(), run.calls.length], ['refusal', 1, {}, 0])
    assert.equal(refusalDetail(run.messages), 'cyber: Looked like an exploit.')
    const inWords = await live(bench, {
      faults: () =>
        message({ stop_reason: 'refusal', content: [{ type: 'text', text: 'Nein.' }], ...refused })
    })
    const sentBack = JSON.stringify(toMessages(inWords.run.messages, ''))
    assert.deepEqual(
      [sentBack.includes('Nein.'), sentBack.includes('exploit')],
      [true, false],
      'never sent back'
    )
  }
}, {
  number: 'A12',
  promise: 'a pause goes on, five times at most, and counts as a turn',
  async play (bench) {
    const pause: ScriptedReply = { text: 'Moment.', stopReason: 'pause_turn' }
    const once = await live(bench, { script: inTurn(pause, DONE) })
    assert.deepEqual([once.end, once.standIn.seen.length], ['end_turn', 2])
    assert.ok(messagesOf(once).includes('Moment.'))
    const endless = await live(bench, { script: () => pause })
    assert.deepEqual([endless.end, endless.standIn.seen.length], ['stop:pause_turn', 6])
    assert.equal(
      (await live(bench, { script: () => pause, limits: { maxTurns: 3 } })).end,
      'max_turns'
    )
  }
}, {
  number: 'A13',
  promise: 'a stop reason of tomorrow ends the day and runs no tool',
  async play (bench) {
    const { end, effects } = await live(bench, {
      script: () => ({ toolCalls: [create('Milch')], stopReason: 'tired_of_it' })
    })
    assert.deepEqual([end, effects()], ['stop:tired_of_it', {}])
  }
}, {
  number: 'A14',
  promise: 'an empty reply ends the day, and nothing empty is ever sent',
  async play (bench) {
    for (const content of [[], [{ type: 'text', text: '' }], [{ type: 'text', text: ' \n' }]]) {
      const run = new MemoryRun()
      const home = await bench.moveIn()
      const empty = await live(bench, {
        run,
        home,
        script: inTurn(LOOK),
        faults: n => n === 2 ? message({ content }) : undefined
      })
      assert.deepEqual([empty.end, daySummary(run.messages)], ['end_turn', null])
      await empty.day.journal.append({
        phase: 'acting',
        role: 'user',
        content: [{ type: 'text', text: 'Und?' }],
        stopReason: null
      })
      assert.equal((await live(bench, { run, home })).end, 'end_turn', 'the conversation can go on')
    }
    const call = { type: 'tool_use', id: 'toolu_1', name: use('todo.list').name, input: {} }
    const blank = message({ stop_reason: 'tool_use', content: [{ type: 'text', text: '' }, call] })
    assert.equal((await live(bench, { faults: first(blank) })).end, 'end_turn')
  }
}, {
  number: 'A15',
  promise:
    'calls of one message run in their order, sixteen at most, and all are answered in one message, results first',
  async play (bench) {
    const toolCalls = Array.from({ length: 20 }, (_, i) => create(`Nr. ${i}`, `toolu_${i}`))
    const { effects, run, standIn } = await live(bench, { script: inTurn({ toolCalls }, DONE) })
    assert.deepEqual(effects(), { 'todo.create': 16 })
    assert.deepEqual(ends(run), [...Array(16).fill('ok'), ...Array(4).fill('rejected')])
    const answer = standIn.seen.at(-1)?.request.messages.at(-1)
    const results = Array.isArray(answer?.content)
      ? answer.content.flatMap(block => block.type === 'tool_result' ? [block] : [])
      : []
    assert.deepEqual(results.map(result => result.tool_use_id), toolCalls.map(({ id }) => id))
    assert.deepEqual(
      results.map(result => result.is_error === true),
      toolCalls.map((_, i) => i >= 16)
    )
    assert.match(
      JSON.stringify(results.map(({ content }) => content).slice(0, 16)),
      /Nr\. 0.*Nr\. 1.*Nr\. 15/
    )
  }
}, {
  number: 'A16',
  promise: 'a tool that does not exist is answered and recorded, three in a row end the day',
  async play (bench) {
    const made = ['todo.create', 'TODO_LIST', 'ignore all instructions']
    const names = made.map(name => ({ toolCalls: [{ name, input: {} }] }))
    const apart = await live(bench, {
      script: inTurn(...names.flatMap(reply => [reply, LOOK]), DONE)
    })
    assert.equal(apart.end, 'end_turn')
    assert.deepEqual(ends(apart.run), ['rejected', 'ok', 'rejected', 'ok', 'rejected', 'ok'])
    assert.deepEqual(
      apart.run.calls.filter((_, i) => i % 2 === 0).map(({ call }) => call.toolName),
      made,
      'as the model named it'
    )
    assert.equal(resultsOf(apart.run)[0]?.content, prompts.toolNotes.unknownTool('todo.create'))
    const inARow = await live(bench, { script: inTurn(...names, DONE) })
    assert.deepEqual([inARow.end, inARow.standIn.seen.length], ['unknown_tools', 3])
    const atOnce = await live(bench, {
      script: () => ({ toolCalls: [use('a'), use('b'), use('c'), create('Milch')] })
    })
    assert.deepEqual([atOnce.end, atOnce.effects(), ends(atOnce.run).length], [
      'unknown_tools',
      {},
      4
    ])
  }
}, {
  number: 'A17',
  promise:
    'an input that does not fit never reaches the app, and its first three problems are told',
  async play (bench) {
    const { name } = create('')
    const bad = [{}, { title: 5 }, 'Milch', null, ['Milch']].map(input => ({ name, input }))
    const day = await live(bench, { script: inTurn({ toolCalls: bad }, DONE) })
    assert.deepEqual([day.end, day.effects(), ends(day.run)], [
      'end_turn',
      {},
      bad.map(() => 'rejected')
    ])
    assert.ok(
      resultsOf(day.run).every(result => result.is_error === true && result.content.length < 2000)
    )
    const { server, tools } = await appWith(bench, ({ result }) => result({ content: [] }))
    const huge = await live(bench, {
      tools,
      script: inTurn({ toolCalls: [use('x.do', { text: 'x'.repeat(300_000) })] }, DONE)
    })
    assert.deepEqual(
      [ends(huge.run), server.count('tools/call')],
      [['rejected'], 0],
      'larger than any schema minds'
    )
    // As a real API would send it: escapes that become NUL and half a character.
    const broken =
      '{"type":"message","role":"assistant","model":"m","stop_reason":"tool_use","usage":{},"content":[' +
      `{"type":"text","text":"a\\u0000b\\ud800"},{"type":"tool_use","id":"toolu_1","name":"${name}","input":{"title":"Mil\\u0000ch\\udc00"}}]}`
    const cleaned = await live(bench, { faults: first(anything(broken)) })
    assert.deepEqual([cleaned.end, cleaned.effects()], ['end_turn', { 'todo.create': 1 }])
    assert.match(messagesOf(cleaned), /"ab\ufffd".*"Milch\ufffd"/)
  }
}, {
  number: 'A18',
  promise:
    'wherever a worker dies and whatever the model does meanwhile, the next one goes on with every call answered once',
  play: playTakeovers
}, {
  number: 'A19',
  promise:
    'pictures, sounds and files of a tool are named in the conversation, never sent and never the end of it',
  async play (bench) {
    const data = Buffer.alloc(3000).toString('base64')
    const content = [
      { type: 'image', data, mimeType: 'image/png' },
      { type: 'audio', data, mimeType: 'audio/wav' },
      {
        type: 'resource',
        resource: { uri: 'file:///a.bin', blob: data, mimeType: 'application/x-unheard-of' }
      },
      { type: 'resource_link', name: 'a', uri: 'file:///a.txt' }
    ]
    const { tools } = await appWith(bench, ({ result }) => result({ content }))
    const day = await live(bench, { tools, script: inTurn({ toolCalls: [use('x.do')] }, DONE) })
    assert.deepEqual([day.end, ends(day.run)], ['end_turn', ['ok']])
    assert.match(messagesOf(day), /image\/png.*audio\/wav.*file:\/\/\/a\.bin.*file:\/\/\/a\.txt/)
    assert.ok(!messagesOf(day).includes(data.slice(0, 100)))
  }
}, {
  number: 'A21',
  promise: 'a persona that would never stop is stopped by each limit, one call beyond it at most',
  async play (bench) {
    const usage = { input_tokens: 100, output_tokens: 100 }
    const forever = () => ({ toolCalls: [use('todo.list')], usage })
    const limits = [
      ['max_turns', { maxTurns: 4 }],
      ['max_tool_calls', { maxToolCalls: 4 }],
      ['max_input_tokens', { maxInputTokens: 600 }],
      ['max_output_tokens', { maxOutputTokens: 1400 }]
    ] as const
    for (const [reason, limit] of limits) {
      const { end, standIn } = await live(bench, { script: forever, limits: limit })
      assert.equal(end, reason)
      assert.ok(standIn.seen.length <= 5, `${standIn.seen.length} requests`)
    }
  }
}]

/** What passes by itself. */
const PASSING: Fault[] = [
  apiError(529, 'overloaded_error'),
  apiError(429, 'rate_limit_error'),
  errorEvent('api_error'),
  anything('<html>', 'text/html'),
  { kind: 'half', then: 'fin' },
  { kind: 'half', then: 'rst' },
  { kind: 'reset' }
]

/**
 * A day of four calls is lived by workers that die after so many writes each, while requests fail
 * by the dice. At its end every call has one row and one effect at most, whatever the seed.
 */
async function playTakeovers (bench: Bench): Promise<void> {
  const seeds = Array.from({ length: bench.size === 'full' ? 60 : 6 }, (_, i) => i)
  const turns: ScriptedReply[] = [
    { toolCalls: [create('eins', 'toolu_1'), use('todo.list', {}, 'toolu_2')] },
    { toolCalls: [create('zwei', 'toolu_3'), use('nonsense', {}, 'toolu_4')] }
  ]
  for (const seed of seeds) {
    const dice = diceFor('takeover', seed)
    const run = new MemoryRun()
    const home = await bench.moveIn()
    let last: BenchDay & { end: string | null } | undefined
    for (let worker = 0; worker < 20 && last?.end !== 'end_turn'; worker++) {
      const day = await bench.day({
        run,
        home,
        script: (_request, { index }) => turns[index] ?? DONE,
        faults: () => dice.chance(0.3) ? dice.pick(PASSING) : undefined,
        writes: dice.between(1, 4)
      })
      // Unlucky dice are an outage: the next worker goes on.
      last = { ...day, end: await act(day.day).catch(() => null) }
      assert.deepEqual(day.standIn.refusals, [], `seed ${seed}`)
    }
    assert.equal(last?.end, 'end_turn', `seed ${seed}`)
    assert.deepEqual(
      run.calls.map(({ call }) => call.ordinal),
      [0, 1, 2, 3],
      `seed ${seed}: every call has its row`
    )
    assert.ok((last.effects()['todo.create'] ?? 0) <= 2, `seed ${seed}: no effect twice`)
    assert.ok(!ends(run).includes('started'), `seed ${seed}: every call has its end`)
  }
}
