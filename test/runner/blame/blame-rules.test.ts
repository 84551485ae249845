import t from 'tap'
import { BLAME_SENTENCES, blameSentence } from '../../../src/runner/tools/blame-sentences.ts'
import { judgeRefusal } from '../../../src/runner/blame/blame-rules.ts'
import { GOLDEN } from './blame-golden.ts'

t.test('what public servers say is blamed on whom it should be, by the rule that says why', async t => {
  t.ok(GOLDEN.length >= 60)
  for (const { source, words, status = null, code = null, blame, rule, ...golden } of GOLDEN) {
    const { input = {}, properties = {}, shown = [], wasLimited = false } = golden
    const tool = {
      name: 'a_tool',
      description: '',
      inputSchema: { type: 'object', properties },
      repeatable: false
    }
    const verdict = judgeRefusal({ words, status, code }, {
      input,
      tool,
      wasLimited,
      shown: () => shown
    })
    t.same(verdict, { blame, rule }, `${source}: ${words}`)
  }
})

t.test('each rule of the table of answers has a sentence, and no other has', async t => {
  for (const { rule } of GOLDEN) t.ok(blameSentence(rule))
  for (const unknown of [null, 'a_rule_of_later', 'constructor']) {
    t.equal(blameSentence(unknown), null)
  }
  t.ok(Object.values(BLAME_SENTENCES).every(sentence => sentence.endsWith('.')))
})

t.test('a large conversation is searched in bounded time, the newest results first', async t => {
  let read = 0
  const shown = function* () {
    while (read++ < 1000) yield 'x'.repeat(64_000)
  }
  const said = { status: null, code: null, words: 'Note n-1 not found' }
  t.match(judgeRefusal(said, { input: { id: 'n-1' }, tool: undefined, wasLimited: false, shown }), {
    blame: 'persona'
  })
  t.ok(read < 100, `${read} results were read`)
})
