import { accounts } from './app-rows/accounts.ts'
import { answers } from './app-rows/answers.ts'
import { protocol } from './app-rows/protocol.ts'
import { sessions } from './app-rows/sessions.ts'
import { tools } from './app-rows/tools.ts'
import { setStage, type Row } from './app-stage.ts'
import type { Scenario } from './scenario.ts'

const number = ({ promise }: Row) => /^M(\d+)/.exec(promise)?.[1] ?? ''
const ROWS = [...sessions, ...answers, ...tools, ...accounts, ...protocol].sort((a, b) =>
  Number(number(a)) - Number(number(b))
)

const ERAS = [['session', 'before 2026-07-28'], ['stateless', '2026-07-28']] as const

/**
 * The ways in which an app's MCP server and its sign-in fail, M1 to M22, by the number of the row.
 */
export const scenario: Scenario & { rows: string[] } = {
  rows: [...new Set(ROWS.map(row => `M${number(row)}`))],
  name: 'app',
  shows:
    'whatever the app under test does, no effect is repeated, no row is lost, and the run waits, goes on or says why it failed',
  async run (report, size) {
    const endings: (() => Promise<unknown>)[] = []
    const stage = await setStage({
      teardown: fn => {
        endings.unshift(fn)
      }
    }, size)
    const startedAt = performance.now()
    try {
      for (const [era, revision] of ERAS) {
        stage.era = era
        for (
          const { promise, play } of ROWS.filter(row => row.era === undefined || row.era === era)
        ) {
          const error = await play(stage).then(() => undefined, (error: unknown) => error)
          report.check(
            `${promise} (${revision})`,
            error === undefined,
            error instanceof Error ? error.stack : error
          )
        }
      }
    } finally {
      for (const end of endings) await end()
    }
    report.figure('ways to fail', ROWS.length)
    report.figure('seconds', Math.round((performance.now() - startedAt) / 1000))
  }
}
