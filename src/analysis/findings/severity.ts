import type { Severity } from './kinds.ts'
import type { CallFacts, RunFacts } from './run-facts.ts'

/** What a trouble did to the persona that met it. Pure. */

/**
 * - `walked_away`: its patience ended over one of these calls.
 * - `worked_around`: the same tool worked later in the run.
 * - `gave_up`: the tool did not work later, and the persona did nothing else in the module.
 * - `seen`: the persona went on in the module without the tool.
 */
export function severityOf (run: RunFacts, calls: readonly CallFacts[]): Severity {
  const last = calls.at(-1)
  if (last === undefined) return 'seen'
  if (calls.some(({ number }) => run.walkedAwayOver.includes(number))) return 'walked_away'
  const later = run.calls.filter(call => call.number > last.number && call.module === last.module)
  const wentWell = later.filter(({ result }) => result === 'ok')
  if (wentWell.some(({ tool }) => tool === last.tool)) return 'worked_around'
  if (last.result === 'ok') return 'seen'
  return wentWell.length === 0 ? 'gave_up' : 'seen'
}
