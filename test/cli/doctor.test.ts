import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Value } from 'typebox/value'
import { readCatalogue } from '../../src/cli/catalogue.ts'
import { DoctorReport } from '../../src/cli/doctor/schemas.ts'
import { upsertPersona } from '../../src/personas/repository.ts'
import { FIT_FOR_PRODUCTION } from '../helpers/app.ts'
import { filledStore, KEYS, startServices } from '../helpers/doctor.ts'
import { suiteEnv } from '../helpers/server-process.ts'

/** `npm run doctor` as a process. */

async function run (args: string[], env: Record<string, string>) {
  const path = fileURLToPath(new URL('../../src/cli/doctor.ts', import.meta.url))
  const child = spawn(process.execPath, [path, ...args], {
    env: { PATH: process.env.PATH, ...suiteEnv(), ...env },
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let [output, errors] = ['', '']
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const [code] = await once(child, 'close')
  return { code, output, errors }
}

const CHECKS = [
  'configuration',
  'database',
  'schema',
  'model',
  'sign-in',
  'app',
  'tools',
  'sessions',
  'clock',
  'cost'
]

t.test('where all is right each check has a line with ✓, and nothing is sent but one question to the model', async t => {
  const { env, claude } = await startServices(t)
  const store = await filledStore(
    t,
    db => Promise.all(readCatalogue().map(persona => upsertPersona(db, persona)))
  )
  const { code, output } = await run([], { ...env, ...store })
  t.same(output.split('\n').flatMap(line => /^✓ ([a-z-]+) /.exec(line)?.[1] ?? []), CHECKS)
  t.match(output, /Nothing stands in the way of a start\.\n$/)
  t.equal(code, 0)
  t.equal(claude.requests.length, 1)
  t.match(claude.requests[0], { max_tokens: 16 })
  for (const secret of Object.values(KEYS)) t.notOk(output.includes(secret))

  const { output: json } = await run(['--json', '--no-model'], { ...env, ...store })
  const report = Value.Parse(DoctorReport, JSON.parse(json))
  t.match(report, {
    ok: true,
    apps: [{ name: 'main', setAside: [] }],
    cost: { apps: [{ basis: 'estimated', measuredRuns: 0 }] }
  })
  t.match(report.findings.find(({ check }) => check === 'model'), {
    status: 'not_checked',
    says: /--no-model/
  })
  t.equal(claude.requests.length, 1, 'no second question')
})

t.test('what is wrong is said with code 1, all of it at once, without a stack and without a secret', async t => {
  const { code, output, errors } = await run([], {
    PORT: 'abc',
    SERVICE_KEY: 'hush',
    MAX_TURNS: '0',
    DATA_DIR: t.testdir()
  })
  t.equal(code, 1)
  t.match(output, /✗ configuration {2}PORT must be a whole number from 0 to 65535 \(it is "abc"\)/)
  t.match(output, /✗ configuration {2}MAX_TURNS must be/)
  t.match(output, /✗ configuration {2}SERVICE_KEY must be at least 8 characters/)
  t.match(output, /– database {7}not checked: the configuration comes first/)
  t.notMatch(output + errors, /hush|\bat .*\.ts:/)
})

t.test('in production the rules of production hold, and the rest is looked at all the same', async t => {
  const { env } = await startServices(t)
  const store = await filledStore(t)
  const production = { ...env, ...store, NODE_ENV: 'production' }
  const weak = await run(['--no-model'], production)
  t.equal(weak.code, 1)
  t.match(weak.output, /✗ configuration {2}SERVICE_KEY must be a secret of your own/)
  t.match(weak.output, /✗ configuration {2}ANTHROPIC_BASE_URL must begin with https/)
  t.match(weak.output, /✓ app /)
  const strong = await run(['--no-model'], {
    ...production,
    ...FIT_FOR_PRODUCTION,
    ANTHROPIC_BASE_URL: ''
  })
  t.match(strong, { code: 0, output: /✓ configuration {2}complete, and fit for production/ })
})

t.test('--help has an example, and a flag that it does not know is named', async t => {
  t.match(await run(['--help'], {}), { code: 0, output: /Example: npm run --silent doctor/ })
  for (const flags of [['--apps', 'x'], ['--app'], ['extra']]) {
    const { code, output, errors } = await run(flags, {})
    t.match(
      { code, output, errors },
      { code: 1, output: '', errors: /doctor -- --help/ },
      flags.join(' ')
    )
    t.notMatch(errors, /\bat .*\.ts:/)
    t.match(errors, flags[0] ?? '')
  }
})
