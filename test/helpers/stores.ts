import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Which test files run on which store. */

/**
 * Files below `test/` that run on PGlite although they run on Postgres too. PGlite has one
 * connection, a folder with a lock, and the clock of this process: so all that opens it from a
 * folder, each way of writing a run, and the contract of the routes.
 */
const TELL_APART = [
  /^(browser|cli|contract|demo|platform\/db)\//,
  /^(bundle|server|story|total-order)\.test/,
  /^faults\/(app|clock|doors|model|pglite)\.test/,
  /^personas\/due\.test/,
  /^runner\/runs\/(apps|cancel|failures|journal|queue|resume)\.test/,
  /^runner\/accounts\/(day|login)\.test/,
  /^web\/routes\/(admin-personas|admin-runs|internal)\.test/,
  /^web\/pages\/overview\.test/,
  /^analysis\/insights\/folds\.test/,
  /^ratings\/diary-over-days\.test/
]

/** Files that have no test for a server. */
const EMBEDDED_ONLY = /^(browser\/|faults\/(clock|pglite)\.test)/

/** The paths of all test files of a folder and of those in it. */
export function testFilesIn (folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.test.ts')).sort().map(file => join(folder, file))
}

/** All test files by the stores that they run on. @param folder `test/` */
export function filesByStore (folder: string): { pglite: string[], postgres: string[] } {
  const files = testFilesIn(folder)
  const matches = (file: string, pattern: RegExp) => pattern.test(relative(folder, file))
  const onServer = files.filter(file => usesStore(file) && !matches(file, EMBEDDED_ONLY))
  const embedded = files.filter(file =>
    !onServer.includes(file) || TELL_APART.some(pattern => matches(file, pattern))
  )
  return { pglite: embedded, postgres: onServer }
}

const IMPORTED = /(?:\bfrom |\bimport\(|\bimport |new URL\()'(\.{1,2}\/[^']+\.ts)'/g

/**
 * Whether a test can tell which store it runs on: by `TEST_DATABASE_URL` alone, in its own text or
 * in that of a file that it imports or starts.
 */
function usesStore (file: string, seen = new Set<string>()): boolean {
  if (seen.has(file) || !existsSync(file)) return false
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  return text.includes('TEST_DATABASE_URL') ||
    [...text.matchAll(IMPORTED)].some(([, path]) =>
      usesStore(join(dirname(file), path ?? ''), seen)
    )
}
