import fc from 'fast-check'
import t from 'tap'
import {
  executableCalls,
  firstOrdinal,
  spokenText,
  toMessages,
  toolUses
} from '../../../src/runner/agent/history.ts'
import type { JournaledMessage, NewMessage } from '../../../src/runner/agent/history.ts'
import type { AssistantBlock, UserBlock } from '../../../src/runner/models/model.ts'
import { checkRequest } from 'scripted-claude/messages-api-checker'

const UNANSWERED = 'Not executed.'
const HEADERS = { 'anthropic-version': 'any', authorization: 'Bearer key' }
const tools = [{ name: 'todo_list', input_schema: { type: 'object' } }]

/** What the strict checker has against a conversation; null: nothing. */
function objection (journal: JournaledMessage[]) {
  return checkRequest({
    model: 'm',
    max_tokens: 1,
    tools,
    messages: toMessages(journal, UNANSWERED)
  }, HEADERS)
}

const blank = fc.constantFrom('', ' ', '\n\t', 'Hm.', 'Was steht an?')
const stopReason = fc.oneof(
  { weight: 4, arbitrary: fc.constant('tool_use') },
  fc.constantFrom(
    'end_turn',
    'max_tokens',
    'refusal',
    'pause_turn',
    'stop_sequence',
    'a_reason_of_tomorrow'
  )
)
const phase = fc.constantFrom('acting' as const, 'reflecting' as const)

interface Step {
  phase: 'acting' | 'reflecting'
  texts: string[]
  calls: number
  thinks: boolean
  stopReason: string
  /**
   * Which of the calls get a result, in which order, before or behind texts; null: no user message
   * follows.
   */
  answered: {
    which: boolean[]
    reverse: boolean
    textFirst: boolean
    texts: string[]
    error: boolean
  } | null
  /** The user message comes twice, as after a crash between two writes. */
  extraUser: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  phase,
  texts: fc.array(blank, { maxLength: 2 }),
  calls: fc.nat(4),
  thinks: fc.boolean(),
  stopReason,
  answered: fc.option(
    fc.record({
      which: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      reverse: fc.boolean(),
      textFirst: fc.boolean(),
      texts: fc.array(blank, { maxLength: 2 }),
      error: fc.boolean()
    }),
    { freq: 4 }
  ),
  extraUser: fc.boolean()
})

const textBlock = (text: string) => ({ type: 'text' as const, text })
const user = (content: UserBlock[], phase: Step['phase'] = 'acting'): NewMessage => ({
  phase,
  role: 'user',
  content,
  stopReason: null
})
const assistant = (
  content: AssistantBlock[],
  stopReason: string,
  phase: Step['phase'] = 'acting'
): NewMessage => ({ phase, role: 'assistant', content, stopReason })
const numbered = (messages: NewMessage[]): JournaledMessage[] =>
  messages.map((message, seq) => ({ ...message, seq }))

function played (steps: Step[]): JournaledMessage[] {
  return numbered([user([textBlock('Heute ist Montag.')]), ...steps.flatMap(messagesOf)])
}

function messagesOf (step: Step, i: number): NewMessage[] {
  const ids = Array.from({ length: step.calls }, (_, j) => `toolu_${i}_${j}`)
  const thinking = step.thinks
    ? [{ type: 'thinking' as const, thinking: 'Hm.', signature: 's' }]
    : []
  const uses = ids.map(id => ({ type: 'tool_use' as const, id, name: 'todo_list', input: {} }))
  const said = assistant(
    [...thinking, ...step.texts.map(textBlock), ...uses],
    step.stopReason,
    step.phase
  )
  if (step.answered === null) return [said]
  const { which, reverse, textFirst, texts, error } = step.answered
  const results = ids.filter((_, j) => which[j]).map(
    id => ({ type: 'tool_result' as const, tool_use_id: id, content: 'ok', is_error: error })
  )
  const ordered: UserBlock[] = reverse ? results.reverse() : results
  const heard = textFirst
    ? [...texts.map(textBlock), ...ordered]
    : [...ordered, ...texts.map(textBlock)]
  return step.extraUser
    ? [said, user(heard, step.phase), user(heard, step.phase)]
    : [said, user(heard, step.phase)]
}

t.test('whatever the journal was cut off at, the conversation is one that the Messages API takes', async t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 7 }), steps => {
      const journal = played(steps)
      for (let length = 0; length <= journal.length; length++) {
        const cut = journal.slice(0, length)
        t.equal(
          objection([...cut, { ...user([textBlock('Und nun?')], 'reflecting'), seq: length }]),
          null
        )
      }
    }),
    { numRuns: 300 }
  )
})

t.test('and it is so without a prompt behind it whenever the persona is to speak next', async t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 7 }), steps => {
      const journal = played(steps)
      return toMessages(journal, UNANSWERED).at(-1)?.role === 'assistant' ||
        objection(journal) === null
    }),
    { numRuns: 300 }
  )
  t.pass()
})

t.test('rebuilding changes nothing in the journal and always gives the same', async t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 5 }), steps => {
      const journal = played(steps)
      const before = structuredClone(journal)
      const first = structuredClone(toMessages(journal, UNANSWERED))
      t.strictSame(toMessages(journal, UNANSWERED), first)
      t.strictSame(journal, before)
    }),
    { numRuns: 50 }
  )
})

t.test('a conversation that goes on begins with the one before, so that the cache holds', async t => {
  const answered = {
    which: [true, true, true, true],
    reverse: false,
    textFirst: false,
    texts: [],
    error: false
  }
  const regular = { answered, stopReason: 'tool_use', texts: ['Hm.'], extraUser: false }
  const whole = fc.array(
    step.map((each): Step => ({ ...each, ...regular, calls: Math.max(1, each.calls) })),
    { maxLength: 6 }
  )
  fc.assert(
    fc.property(whole, steps => {
      const journal = played(steps)
      const all = toMessages(journal, UNANSWERED)
      for (let length = 1; length <= journal.length; length += 2) {
        t.strictSame(all.slice(0, length), toMessages(journal.slice(0, length), UNANSWERED))
      }
    }),
    { numRuns: 50 }
  )
})

t.test('positions are fixed by what is journaled before, and count only what may be executed', async t => {
  fc.assert(fc.property(fc.array(step, { maxLength: 7 }), steps => {
    const journal = played(steps)
    let next = 0
    for (const message of journal) {
      const cut = journal.slice(0, message.seq + 1)
      if (firstOrdinal(journal, message.seq) !== next || firstOrdinal(cut, message.seq) !== next) {
        return false
      }
      next += executableCalls(message).length
    }
    return true
  }))
  t.pass()
})

const call = (id: string) => ({ type: 'tool_use' as const, id, name: 'todo_list', input: {} })
const result = (id: string, content = 'ok') => ({
  type: 'tool_result' as const,
  tool_use_id: id,
  content
})

t.test('only calls of a whole message of the acting phase may be executed', async t => {
  const at = (message: NewMessage) => ({ ...message, seq: 0 })
  t.equal(executableCalls(at(assistant([call('a'), call('b')], 'tool_use'))).length, 2)
  for (const stop of ['max_tokens', 'refusal', 'end_turn', 'pause_turn', 'unheard_of']) {
    t.same(executableCalls(at(assistant([call('a')], stop))), [], stop)
    t.equal(toolUses(at(assistant([call('a')], stop))).length, 1)
  }
  t.same(executableCalls(at(assistant([call('a')], 'tool_use', 'reflecting'))), [])
  t.same(executableCalls(at(user([textBlock('x')]))), [])
  t.same(executableCalls(undefined), [])
})

t.test('results come first and in the order they were asked for; what is missing is said to be missing', async t => {
  const journal = numbered([
    user([textBlock('Los.')]),
    assistant([call('a'), call('b'), call('c')], 'tool_use'),
    user([textBlock('Und?'), result('c'), result('a'), result('x')])
  ])
  t.same(toMessages(journal, UNANSWERED)[2], {
    role: 'user',
    content: [
      result('a'),
      { ...result('b', UNANSWERED), is_error: true },
      result('c'),
      textBlock('Und?')
    ]
  })
})

t.test('what was cut off in the middle of a call was never said', async t => {
  for (const stop of ['max_tokens', 'refusal']) {
    const broken = assistant([textBlock('Ich'), call('a')], stop)
    const journal = numbered([
      user([textBlock('Los.')]),
      broken,
      assistant([call('b')], 'tool_use'),
      user([result('b')])
    ])
    t.same(toMessages(journal, UNANSWERED).map(({ content }) => content), [[textBlock('Los.')], [
      call('b')
    ], [result('b')]], stop)
  }
})

t.test('what the persona said is its text and nothing else', async t => {
  t.equal(
    spokenText({
      ...assistant([textBlock(' Hm. '), call('a'), textBlock('Ja.')], 'tool_use'),
      seq: 0
    }),
    'Hm. \nJa.'
  )
  t.equal(spokenText(undefined), '')
})
