import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/**
 * The environment of this process over what `.env` in the current folder says. Read by the entries
 * only.
 */
export function readEnvironment (): Record<string, string | undefined> {
  return { ...dotEnv(), ...process.env }
}

function dotEnv (): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}
