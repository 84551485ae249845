import { readFileSync } from 'node:fs'
import { pathOf } from './paths.ts'

/** Of this program, as `package.json` says. */
export const VERSION =
  (JSON.parse(readFileSync(pathOf('package.json'), 'utf8')) as { version: string }).version
