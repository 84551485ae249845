import { parseArgs } from 'node:util'
import { startPostgres } from './helpers/postgres-server.ts'

/**
 * `npm run fuzz -- --requests 10000 --seed 7 [--postgres]`: what test/web/routes/fuzz.test.ts does
 * in little.
 */

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    postgres: { type: 'boolean', default: false }
  }
})
const closers: (() => Promise<void>)[] = []
if (values.postgres && process.env.TEST_DATABASE_URL === undefined) {
  const server = await startPostgres()
  closers.push(() => server.stop('immediate'))
  process.env.TEST_DATABASE_URL = server.url
}
// Which database it is gets decided when the helpers are loaded.
const { runFuzz } = await import('./fuzz/run-fuzz.ts')
const startedAt = performance.now()
const requests = Number(values.requests)
const seed = Number(values.seed)
const report = await runFuzz({
  teardown: close => {
    closers.push(close)
  }
}, { requests, seed })
for (const close of closers.reverse()) await close()

const { problems, ...figures } = report
for (const problem of problems.slice(0, 40)) console.log(problem)
console.log({
  ...figures,
  problems: problems.length,
  seed,
  seconds: Math.round((performance.now() - startedAt) / 1000)
})
process.exitCode = problems.length === 0 ? 0 : 1
