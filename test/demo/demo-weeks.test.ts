import { readdirSync } from 'node:fs'
import t from 'tap'
import { skip, startDemo } from '../helpers/demo.ts'

t.test('in weeks of the demo one release breaks a module and the next one mends it', {
  skip
}, async t => {
  const { folder, seen, ended } = startDemo(['--exit'])
  const [code] = await ended
  t.equal(code, 0, seen.text.slice(-2000))
  t.match(seen.text, /280 of 280 days lived/)
  const report = seen.text.slice(seen.text.indexOf('What each release did'))
  const [, first = '', second = ''] = report.split(/^ {2}2\.[45]\.\d /m).slice(1)
  t.match(first, /todo (was rated lower|got in the way more)/, report)
  t.match(second, /todo (was rated higher|got in the way less)/, report)
  const table = report.slice(report.indexOf('By module'), report.indexOf(' days lived'))
  t.same(table.split('\n').filter(line => line.length > 80), [])
  t.strictSame(readdirSync(folder), [], 'nothing is left behind')
})
