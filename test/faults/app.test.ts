import t from 'tap'
import { scenario } from './app.ts'
import { inTap } from './in-tap.ts'

await inTap(t, scenario)

t.test('every row of the table is looked at', async t => {
  t.strictSame(scenario.rows, Array.from({ length: 22 }, (_, i) => `M${i + 1}`))
})
