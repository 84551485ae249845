import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from './public-server.ts'

/**
 * Python servers, where Python is: a virtual environment with pinned packages, made once and kept
 * beside the other caches of the tests.
 */

const PACKAGES = ['mcp==2.3.0', 'fastmcp==4.2.3']
const CACHE = fileURLToPath(new URL('../.cache', import.meta.url))
const VENV = join(CACHE, `python-${PACKAGES.join('-').replaceAll('==', '-')}`)
const PYTHON = join(VENV, 'bin/python')
const LIMIT_MS = 240_000

/** @returns why there is none; false: it is there. As tap's `skip` takes it. */
export function withoutPython (): string | false {
  if (existsSync(join(VENV, 'complete'))) return false
  rmSync(VENV, { recursive: true, force: true })
  mkdirSync(CACHE, { recursive: true })
  const python = run('python3', ['-m', 'venv', VENV]) ??
    run(PYTHON, ['-m', 'pip', 'install', '--quiet', ...PACKAGES])
  if (python !== null) return `no Python with ${PACKAGES.join(' and ')}: ${python}`
  // Only what was installed whole is taken the next time.
  mkdirSync(join(VENV, 'complete'))
  return false
}

/** @returns the last line of what went wrong; null: nothing did */
function run (file: string, args: string[]): string | null {
  const { status, error, stdout, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    timeout: LIMIT_MS
  })
  if (status === 0) return null
  return error?.message ?? `${stdout}${stderr}`.trim().split('\n').at(-1) ?? `${file} failed`
}

/** One of `test/public-servers/servers`. */
export function pythonServer (name: string): Command {
  const path = fileURLToPath(new URL(`../public-servers/servers/${name}.py`, import.meta.url))
  return { file: PYTHON, args: port => [path, String(port)] }
}
