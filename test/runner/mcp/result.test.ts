import t from 'tap'
import { resultToText } from '../../../src/runner/mcp/result.ts'
import { openMcpToolbox } from '../../../src/runner/mcp/toolbox.ts'
import { startMcpFaultServer } from '../../helpers/mcp-fault-server.ts'

const never = new AbortController().signal

const ROWS: [what: string, result: Record<string, unknown>, text: string][] = [
  [
    'blocks in a list',
    { content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] },
    'a\nb'
  ],
  ['plain text', { content: 'Milk was added.' }, 'Milk was added.'],
  ['one block without its list', { content: { type: 'text', text: 'a' } }, 'a'],
  ['plain texts in a list', { content: ['a', 'b'] }, 'a\nb'],
  ['a block that does not say its type', { content: [{ text: 'a' }] }, 'a'],
  [
    'an object where a text should be',
    { content: [{ type: 'text', text: { id: 1 } }] },
    '{"id":1}'
  ],
  ['a number', { content: [{ type: 'text', text: 5 }] }, '5'],
  ['no content', {}, ''],
  ['null', { content: null }, ''],
  ['an empty list', { content: [] }, ''],
  ['null in a list', { content: [null] }, ''],
  ['structured content alone', { structuredContent: { n: 1 } }, '{"n":1}'],
  ['structured content beside empty text', {
    content: [{ type: 'text', text: '' }],
    structuredContent: { n: 1 }
  }, '{"n":1}'],
  ['structured content that is null', { content: [], structuredContent: null }, 'null'],
  ['a block of a kind that nobody knows', {
    content: [{ type: 'hologram', data: 'x' }, { type: 'text', text: 'a' }]
  }, 'a']
]

t.test('whatever shape a result has, its words are read', async t => {
  for (const [what, result, text] of ROWS) t.equal(resultToText(result), text, what)
})

t.test('and such a result reaches the persona over the wire', async t => {
  const answers = ROWS.map(([, result]) => result)
  const server = await startMcpFaultServer(t, {
    on: { 'tools/call': ({ result }) => result(answers.shift()) }
  })
  const toolbox = await openMcpToolbox({
    url: server.url,
    headers: {},
    callTimeoutMs: 5000,
    trusted: false
  }, never)
  t.teardown(() => toolbox.close())
  for (const [what, , text] of ROWS) {
    t.match(await toolbox.call('todo.create', {}, { signal: never }), {
      result: 'ok',
      text,
      errorMessage: null
    }, what)
  }
})
