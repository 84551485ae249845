import t from 'tap'
import { runFuzz } from '../../fuzz/run-fuzz.ts'

/**
 * A little of `npm run fuzz`, always from the same seed; only the ids in it are others each time.
 */
t.test('whatever is asked gets an answer in time that the document knows, and never a 500', async t => {
  const report = await runFuzz(t, { requests: 4000, seed: 1 })
  t.same(report.problems, [])
  t.ok(
    Object.keys(report.byStatus).length >= 5,
    `answers of many kinds: ${JSON.stringify(report.byStatus)}`
  )
  // Two of them need a runner, which is off here, and one an app; merging needs two findings that
  // fit, and splitting a merged one.
  t.ok(
    report.neverWorked.length <= 9,
    `nearly every route was got to work, not ${report.neverWorked.join()}`
  )
})
