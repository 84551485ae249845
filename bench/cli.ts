import { cpus } from 'node:os'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MissingPeersError } from './arms/host.ts'
import type { Bench } from './bench.ts'

/** `npm run bench -- <name> [--quick]`: a table for people, then the same as one line of JSON. */

const HERE = import.meta.dirname
const [name = '', ...flags] = process.argv.slice(2)
const quick = flags.includes('--quick')

const bench = await find(name)
if (bench === undefined) {
  console.error(name === '' ? 'Which bench?' : `There is no bench "${name}".`)
  for (const { name, shows } of await all()) {
    console.error(`  npm run bench -- ${name.padEnd(8)} ${shows}`)
  }
  process.exitCode = 2
} else {
  await run(bench)
}

async function run (bench: Bench): Promise<void> {
  const rows: Record<string, Record<string, number | string>> = {}
  const checks: { what: string, holds: boolean }[] = []
  const at = new Date().toISOString()
  try {
    await bench.run({
      row: (what, values) => {
        rows[what] = values
      },
      check: (what, holds) => {
        checks.push({ what, holds })
      }
    }, { quick })
  } catch (error) {
    if (!(error instanceof MissingPeersError)) throw error
    console.error(`${error.message}\nThe peers have an install of their own: npm ci --prefix bench`)
    process.exitCode = 2
    return
  }
  console.table(rows)
  for (const { what, holds } of checks) console.log(`${holds ? 'reached' : 'MISSED '}  ${what}`)
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model }
  console.log(JSON.stringify({ bench: bench.name, at, quick, ...machine, rows, checks }))
  if (checks.some(({ holds }) => !holds)) process.exitCode = 1
}

async function find (name: string): Promise<Bench | undefined> {
  return (await all()).find(bench => bench.name === name)
}

/** Only files that say so are loaded: others are processes of their own. */
async function all (): Promise<Bench[]> {
  const isBench = (file: string) =>
    file.endsWith('.ts') &&
    /^export const bench\b/m.test(readFileSync(join(HERE, file), 'utf8'))
  const files = readdirSync(HERE).filter(isBench).sort()
  const modules = await Promise.all(
    files.map(file => import(`./${file}`) as Promise<{ bench: Bench }>)
  )
  return modules.map(({ bench }) => bench)
}
