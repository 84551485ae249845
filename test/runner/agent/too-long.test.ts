import fc from 'fast-check'
import t from 'tap'
import type { JournaledMessage } from '../../../src/runner/agent/history.ts'
import { TOO_LONG, type UserBlock } from '../../../src/runner/models/model.ts'
import { isHopelesslyLong, shortened } from '../../../src/runner/agent/too-long.ts'

const note = (bytes: number) => `[${bytes}]`
const user = (...content: UserBlock[]) => ({
  phase: 'acting' as const,
  role: 'user' as const,
  content,
  stopReason: null
})
const result = (id: string, content: string): UserBlock => ({
  type: 'tool_result',
  tool_use_id: id,
  content
})
const mark = {
  phase: 'acting' as const,
  role: 'assistant' as const,
  content: [],
  stopReason: TOO_LONG
}
const numbered = (messages: (ReturnType<typeof user> | typeof mark)[]): JournaledMessage[] =>
  messages.map((message, seq) => ({ ...message, seq }))
const contents = (journal: JournaledMessage[]) =>
  journal.flatMap(message => message.role === 'user' ? message.content : []).flatMap(block =>
    block.type === 'tool_result' ? [block.content] : []
  )

t.test('the oldest results go first, until half is gone, and what comes later stays', async t => {
  const journal = numbered([
    user(result('a', 'xx')),
    user(result('b', 'ää'), result('c', 'zzzz')),
    mark,
    user(result('d', '12345678'))
  ])
  const before = structuredClone(journal)
  t.same(contents(shortened(journal, note)), ['[2]', '[4]', 'zzzz', '12345678'])
  t.strictSame(journal, before, 'the journal stays as it is')
  t.same(
    shortened(journal.slice(0, 2), note),
    journal.slice(0, 2),
    'nothing is taken out before it is too long'
  )
})

t.test('at least half of it goes, never more than it takes, and always the same', async t => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 }), texts => {
      const journal = numbered([user(...texts.map((text, i) => result(`r${i}`, text))), mark])
      const left = contents(shortened(journal, () => '')).map(text => Buffer.byteLength(text))
      const all = texts.map(text => Buffer.byteLength(text))
      const gone = left.filter(bytes => bytes === 0).length
      const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)
      return sum(left) <= sum(all) / 2 && sum(all.slice(0, gone - 1)) < sum(all) / 2
    })
  )
  t.pass()
})

t.test('it is hopeless the second time, or where there is nothing to take out', async t => {
  const results = user(result('a', 'x'))
  t.equal(isHopelesslyLong(numbered([results])), false)
  t.equal(isHopelesslyLong(numbered([results, mark])), false)
  t.equal(isHopelesslyLong(numbered([results, mark, results, mark])), true)
  t.equal(isHopelesslyLong(numbered([user({ type: 'text', text: 'Los.' }), mark, results])), true)
})
