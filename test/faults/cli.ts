import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seconds } from './tools/measure.ts'
import type { Report, Scenario, Size } from './scenario.ts'

/** `npm run faults`: plays what goes wrong against real processes, and says what held. */

const HELP = `npm run faults [-- <name> …] [--short] [--list]

Plays the named scenarios in full, or all of them (under 45 minutes). Nothing has to be set up: databases, processes,
the app and the model are started and ended here.
  --short   a few seconds of each, as npm test does
  --list    which there are
Ends with \`N passed, N failed\`; the exit code says the same.`

/** In this order; what is not named here comes after. */
const ORDER = [
  'kill9',
  'zombies',
  'replicas',
  'postgres',
  'clock',
  'model',
  'app',
  'stop',
  'soak',
  'pglite',
  'doors'
]

async function loadScenarios (): Promise<Scenario[]> {
  const names = readdirSync(import.meta.dirname).filter(file =>
    /^[a-z0-9-]+\.ts$/.test(file) && file !== 'cli.ts'
  )
  const modules = await Promise.all(
    names.map(async file =>
      await import(join(import.meta.dirname, file)) as { scenario?: Scenario }
    )
  )
  const place = (scenario: Scenario) =>
    ORDER.includes(scenario.name) ? ORDER.indexOf(scenario.name) : ORDER.length
  return modules.flatMap(({ scenario }) => scenario ?? []).sort((a, b) => place(a) - place(b))
}

class Printer implements Report {
  passed = 0
  failed = 0
  #figures: [string, string][] = []

  check (what: string, holds: boolean, detail?: unknown): void {
    if (holds) this.passed++
    else this.failed++
    console.log(`  ${holds ? 'ok    ' : 'FAILED'} ${what}`)
    if (!holds && detail !== undefined) {
      console.log(`         ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`)
    }
  }

  figure (name: string, value: number | string): void {
    this.#figures.push([name, String(value)])
  }

  printFigures (): void {
    const width = Math.max(0, ...this.#figures.map(([name]) => name.length))
    for (const [name, value] of this.#figures) console.log(`    ${name.padEnd(width)}  ${value}`)
    this.#figures = []
  }
}

async function play (scenarios: Scenario[], size: Size): Promise<number> {
  const report = new Printer()
  for (const { name, shows, run } of scenarios) {
    console.log(`\n${name}: ${shows}`)
    const startedAt = performance.now()
    await run(report, size).catch((error: unknown) =>
      report.check(`${name} ran to its end`, false, error instanceof Error ? error.stack : error)
    )
    report.figure('took', seconds(performance.now() - startedAt))
    report.printFigures()
  }
  // Other programs read this: keep it the last line.
  console.log(`\n${report.passed} passed, ${report.failed} failed`)
  return report.failed
}

async function main (): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { short: { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean' } }
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const all = await loadScenarios()
  if (values.list) {
    for (const { name, shows } of all) console.log(`${name.padEnd(10)} ${shows}`)
    return 0
  }
  const unknown = positionals.filter(name => !all.some(scenario => scenario.name === name))
  if (unknown.length > 0) {
    console.error(
      `There is no scenario ${unknown.join(', ')}. There are: ${
        all.map(({ name }) => name).join(', ')
      }.`
    )
    return 1
  }
  const chosen = positionals.length === 0
    ? all
    : all.filter(({ name }) => positionals.includes(name))
  return await play(chosen, values.short ? 'short' : 'full') > 0 ? 1 : 0
}

process.exitCode = await main()
