import { fingerprintOf, type Fingerprint } from './fingerprint.ts'
import { severityNumber, type Kind, type Severity } from './kinds.ts'
import type { CallFacts, RunFacts } from './run-facts.ts'
import { severityOf } from './severity.ts'

/** What one ended run shows to be wrong. Pure: the same rows give the same answer. */

export interface Problem {
  kind: Kind
  module: string
  tool: string | null
  blame: string | null
  fingerprint: Fingerprint
  /** Numbers of the calls that show it, ascending; empty: no call does. */
  numbers: number[]
  at: Date
  severity: number
}

interface Trouble {
  kind: Kind
  module: string
  tool?: string
  blame?: string | null
  message: string
  calls: CallFacts[]
  severity?: Severity
}

export function problemsOf (run: RunFacts): Problem[] {
  const troubles = [
    ...failedCalls(run),
    ...slowCalls(run),
    ...walkAways(run),
    ...complaints(run),
    ...run.gaps.map((module): Trouble => ({
      kind: 'say_do_gap',
      module,
      message: 'The rating and the friction of a visit contradict each other',
      calls: []
    })),
    ...incidents(run)
  ]
  const found = new Map<string, Problem>()
  for (const trouble of troubles) add(found, run, trouble)
  return [...found.values()]
}

function add (found: Map<string, Problem>, run: RunFacts, trouble: Trouble): void {
  const { kind, module, tool = null, blame = null, message, calls } = trouble
  const fingerprint = fingerprintOf({ app: run.app, kind, module, tool, blame, message })
  const at = calls[0]?.at ?? run.endedAt
  const severity = severityNumber(trouble.severity ?? severityOf(run, calls))
  const known = found.get(fingerprint.key)
  const numbers = calls.map(({ number }) => number)
  if (known === undefined) {
    found.set(fingerprint.key, { kind, module, tool, blame, fingerprint, numbers, at, severity })
    return
  }
  known.numbers = [...new Set([...known.numbers, ...numbers])].sort((a, b) => a - b)
  known.severity = Math.max(known.severity, severity)
  if (at < known.at) known.at = at
}

/** Errors of the app, and calls that a persona got wrong: these tell of the tool's contract. */
function failedCalls ({ calls }: RunFacts): Trouble[] {
  return calls.filter(isFailed).flatMap((call): Trouble[] => {
    const { module, tool, blame } = call
    const message = call.errorMessage ?? ''
    if (blame === 'app') return [{ kind: 'error', module, tool, blame, message, calls: [call] }]
    if (blame !== 'persona') return []
    return [{ kind: 'contract', module, tool, blame, message, calls: [call] }]
  })
}

const isFailed = ({ result }: CallFacts) => result !== 'ok' && result !== 'started'

function slowCalls ({ calls, slowMs }: RunFacts): Trouble[] {
  return calls.filter(({ result, latencyMs }) => result === 'ok' && (latencyMs ?? 0) > slowMs)
    .map(call => ({
      kind: 'slow',
      module: call.module,
      tool: call.tool,
      message: 'The answer took longer than the persona waits with patience',
      calls: [call]
    }))
}

function walkAways ({ calls, walkedAwayOver }: RunFacts): Trouble[] {
  const over = calls.filter(({ number }) => walkedAwayOver.includes(number))
  return [...Map.groupBy(over, call => call.module)].map(([module, calls]): Trouble => ({
    kind: 'walked_away',
    module,
    message: 'The persona lost its patience and left',
    calls,
    severity: 'walked_away'
  }))
}

/** Of a rating from 1 to 5. */
const COMPLAINS_UP_TO = 2

/** A low rating whose notes cite calls, all of which went well. */
function complaints ({ calls, ratings }: RunFacts): Trouble[] {
  return ratings.filter(({ rating }) => rating <= COMPLAINS_UP_TO).flatMap(
    ({ module, rating, cites }): Trouble[] => {
      const cited = calls.filter(({ number }) => cites.includes(number))
      if (cited.length === 0 || !cited.every(({ result }) => result === 'ok')) return []
      const tools = [...new Set(cited.map(({ tool }) => tool))].sort()
      return [{
        kind: 'complaint',
        module,
        tool: tools.join(', '),
        message: 'The persona rates the module low although the calls that it cites went well',
        calls: cited,
        severity: rating === 1 ? 'gave_up' : 'worked_around'
      }]
    }
  )
}

/** An incident without a call is the persona's own words, and no fault of a module. */
function incidents ({ calls, incidents }: RunFacts): Trouble[] {
  return incidents.flatMap(({ kind, number }): Trouble[] => {
    const call = calls.find(call => call.number === number)
    if (call === undefined) return []
    const { module, tool } = call
    return [{ kind: 'incident', module, tool, message: kind, calls: [call], severity: 'seen' }]
  })
}
