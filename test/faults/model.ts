import { API_ROWS } from './model-api-rows.ts'
import { openBench } from './model-bench.ts'
import { DAY_ROWS } from './model-day-rows.ts'
import { RUNNER_ROWS } from './model-runner-rows.ts'
import type { Report, Scenario, Size } from './scenario.ts'

/**
 * Every way in which the Messages API is known to fail (rows A1 to A22), against a stand-in that
 * fails so.
 */
export const scenario: Scenario = {
  name: 'model',
  shows: 'whatever the Messages API does, a day goes on, waits or ends as promised: rows A1 to A22',
  async run (report, size) {
    const rows = [...API_ROWS, ...DAY_ROWS, ...RUNNER_ROWS].sort((a, b) =>
      Number(a.number.slice(1)) - Number(b.number.slice(1))
    )
    for (const row of rows) await play(report, size, row)
  }
}

async function play (
  report: Report,
  size: Size,
  { number, promise, play }: (typeof API_ROWS)[number]
): Promise<void> {
  const bench = await openBench(size)
  const startedAt = performance.now()
  const problem: unknown = await play(bench).then(() => null, (error: unknown) => error)
  await bench.close()
  report.check(
    `${number} ${promise}`,
    problem === null,
    problem instanceof Error ? problem.stack : problem
  )
  if (size === 'full') {
    report.figure(`${number} took, in ms`, Math.round(performance.now() - startedAt))
  }
}
