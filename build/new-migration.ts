import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * `npm run new:migration -- add-column-to-runs`: an empty migration with today's date and the next
 * free number.
 */

const FOLDER = join(import.meta.dirname, '../migrations')

const TEMPLATE = `import type { Kysely } from 'kysely'

/** Say in one sentence what changes for an operator. */
export async function up (db: Kysely<unknown>): Promise<void> {
}
`

/** The file name of the next migration after these. */
export function nextName (existing: readonly string[], slug: string, now: Date): string {
  const numbers = existing.map(file => Number(/^\d{4}-\d\d-\d\d-(\d{3})-/.exec(file)?.[1] ?? 0))
  const number = String(Math.max(0, ...numbers) + 1).padStart(3, '0')
  return `${now.toISOString().slice(0, 10)}-${number}-${slug}.ts`
}

function main ([slug = '']: string[]): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(slug)) {
    console.error(
      `The name "${slug}" must be words in lower case with dashes: npm run new:migration -- add-column-to-runs`
    )
    process.exitCode = 1
    return
  }
  const name = nextName(readdirSync(FOLDER), slug, new Date())
  writeFileSync(join(FOLDER, name), TEMPLATE, { flag: 'wx' })
  console.log(`migrations/${name}`)
}

if (import.meta.main) main(process.argv.slice(2))
