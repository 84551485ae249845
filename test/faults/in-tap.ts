import type { Test } from 'tap'
import type { Scenario } from './scenario.ts'

/** Plays the short size of a scenario inside a test: each of its checks is an assertion. */
export async function inTap (
  t: Test,
  { name, shows, run }: Scenario,
  options: { skip?: string | false } = {}
): Promise<void> {
  await t.test(`${name}: ${shows}`, { skip: options.skip ?? false }, async t => {
    await run({
      check (what, holds, detail) {
        t.ok(holds, what, holds ? {} : { found: detail })
      },
      figure (what, value) {
        t.comment(`${what}: ${value}`)
      }
    }, 'short')
  })
}

/** For scenarios with several processes on one database. */
export const NEEDS_SERVER = process.env.TEST_DATABASE_URL === undefined
  ? 'embedded storage serves one process; this one runs on a Postgres server'
  : false
