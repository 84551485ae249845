import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const IMPORTED = /(?:\bfrom |\bimport\(|\bimport |new URL\()'(\.{1,2}\/[^']+\.ts)'/g

/**
 * Whether a test can tell which store it runs on: by `TEST_DATABASE_URL` alone, in its own text or
 * in that of what it imports or starts. All others need not run on both.
 */
export function knowsStore (file: string, seen = new Set<string>()): boolean {
  if (seen.has(file) || !existsSync(file)) return false
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  return text.includes('TEST_DATABASE_URL') ||
    [...text.matchAll(IMPORTED)].some(([, path]) =>
      knowsStore(join(dirname(file), path ?? ''), seen)
    )
}
