import type { Config } from '../../platform/config.ts'
import { failed, notChecked, ok } from './finding.ts'
import type { Finding } from './schemas.ts'

/**
 * All that is wrong with the environment, one line for each thing, by the rules of the start. Pure.
 */

/** @param config undefined where it could not be read for these problems */
export function checkConfiguration (config: Config | undefined, problems: string[]): Finding[] {
  const lines = [...problems, ...(config === undefined ? [] : missingFor(config))]
  if (lines.length > 0) {
    return lines.map(line =>
      failed('configuration', line, { todo: 'correct it in .env or in the environment' })
    )
  }
  return [
    ok(
      'configuration',
      config?.NODE_ENV === 'production' ? 'complete, and fit for production' : 'complete'
    )
  ]
}

/** What is not looked at while the environment cannot be read. */
export function afterConfiguration (): Finding[] {
  const others = [
    'database',
    'schema',
    'model',
    'sign-in',
    'app',
    'tools',
    'sessions',
    'clock',
    'cost'
  ] as const
  return others.map(check => notChecked(check, 'the configuration comes first'))
}

/** What the start only warns of, because pages or other runners may be all that is wanted. */
function missingFor (config: Config): string[] {
  const { SERVICE_KEY, SERVICE_KEYS, ADMIN_KEY, ADMIN_KEYS, ANTHROPIC_API_KEY, RUNNER_PAUSED } =
    config
  return [
    ...(SERVICE_KEY === undefined && SERVICE_KEYS === undefined
      ? ['SERVICE_KEY is not set: the runner stays off']
      : []),
    ...(ADMIN_KEY === undefined && ADMIN_KEYS === undefined
      ? ['ADMIN_KEY is not set: nobody can open the pages']
      : []),
    ...(ANTHROPIC_API_KEY === undefined && !RUNNER_PAUSED
      ? ['ANTHROPIC_API_KEY is not set: the runner stays off']
      : [])
  ]
}

/** The lines of an error that lists them, or its one line. */
export function problemsIn (error: Error): string[] {
  const [first = '', ...lines] = error.message.split('\n')
  return lines.length === 0 ? [first] : lines.map(line => line.replace(/^\s*- /, ''))
}
