import t from 'tap'
import { blameForAnswer, blameForStatus } from '../../src/agent/attribution.ts'

t.test('an answer is blamed on whom its words point to', async t => {
  for (const [text, blame] of [
    ['MCP error -32602: Input validation error: expected string', 'persona'],
    ['Invalid arguments for tool echo', 'persona'],
    ['The input is not valid. title is missing', 'persona'],
    ['Internal error: could not save event (CAL-500)', 'app'],
    ['The phone number "030 1" is not in E.164 format', 'app'],
    ['MCP error -32602: Tool todo.list not found', 'app'],
    ['MCP error -32602: Output validation error: no structured content', 'app'],
    ['invalid input syntax for type uuid: "x"', 'app'],
    ['', 'app']
  ] as const) t.equal(blameForAnswer(text), blame, text)
})

t.test('a refused account is not the app\'s fault', async t => {
  t.strictSame([401, 403, 404, 429, 500].map(blameForStatus), ['account', 'account', 'app', 'app', 'app'])
})
