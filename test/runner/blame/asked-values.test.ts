import t from 'tap'
import { isMadeUp } from '../../../src/runner/blame/asked-values.ts'

t.test('a value as long as an input may be is read once', async t => {
  const asked = (value: string) => ({
    words: 'not found',
    input: { thing: value },
    tool: undefined,
    shown: () => ['7-a']
  })
  t.ok(isMadeUp(asked('1'.repeat(199_000) + '!')))
  t.notOk(isMadeUp(asked('7-a')), 'the app has shown it')
})
