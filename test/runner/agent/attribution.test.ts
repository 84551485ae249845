import t from 'tap'
import { attribute } from '../../../src/runner/agent/attribution.ts'
import type { EndedCall } from '../../../src/runner/agent/day-journal.ts'
import type { Tool } from '../../../src/runner/tools/toolbox.ts'

const tool: Tool = {
  name: 'notes.open',
  description: 'Opens a note, such as welcome-note',
  inputSchema: {
    type: 'object',
    properties: { id: { type: 'string' }, lang: { enum: ['de', 'en'] } }
  },
  repeatable: true
}
const ended = (resultText: string, more: Partial<EndedCall> = {}): EndedCall => ({
  ordinal: 0,
  toolName: 'notes.list',
  inputHash: 'a',
  result: 'ok',
  errorMessage: null,
  blame: null,
  blameRule: null,
  latencyMs: 1,
  resultText,
  ...more
})
const notFound = (id: string, calls: EndedCall[]) =>
  attribute({ status: null, code: null, words: `Note ${id} not found` }, {
    tool,
    input: { id },
    ended: calls,
    tools: [tool]
  })

t.test('a value is made up where neither a result of this run nor the list of tools shows it', async t => {
  t.same(notFound('n-7', []), { blame: 'persona', rule: 'made_up' })
  t.same(notFound('n-7', [ended('n-71, n-72')]), { blame: 'persona', rule: 'made_up' })
  t.same(notFound('n-7', [ended('Note N-7: milk'), ended('nothing')]), {
    blame: 'app',
    rule: 'not_found'
  })
  t.same(
    notFound('welcome-note', []),
    { blame: 'app', rule: 'not_found' },
    'the description of a tool shows it'
  )
})

t.test('an error that repeats a made-up value does not show it', async t => {
  const error = ended('Note n-7 not found', {
    result: 'error',
    blame: 'persona',
    blameRule: 'made_up'
  })
  t.same(notFound('n-7', [error]), { blame: 'persona', rule: 'made_up' })
})

t.test('the app is blamed for its limits from the second time in a run on', async t => {
  const limited = { status: 429, code: null, words: '' }
  const call = { tool, input: {}, tools: [tool] }
  t.same(attribute(limited, { ...call, ended: [] }), { blame: null, rule: 'rate_limited' })
  const before = ended('', { result: 'error', blameRule: 'rate_limited' })
  t.same(attribute(limited, { ...call, ended: [before, ended('fine')] }), {
    blame: 'app',
    rule: 'rate_limited'
  })
})
