import type { Blame } from '../../platform/db/tables.ts'

/** What is stored of an ended run, as far as findings are looked for in it. */
export interface RunFacts {
  runId: string
  app: string
  personaId: string
  appVersion: string | null
  endedAt: Date
  /** A call that took longer is slow for this persona, in milliseconds. */
  slowMs: number
  walkedAwayOver: readonly number[]
  calls: CallFacts[]
  ratings: RatingFacts[]
  /** Modules whose rating and friction contradict each other. */
  gaps: string[]
  incidents: { kind: string, number: number | null }[]
}

export interface CallFacts {
  /** From 1. */
  number: number
  tool: string
  module: string
  result: 'started' | 'ok' | 'error' | 'unknown' | 'rejected'
  blame: Blame | null
  errorMessage: string | null
  latencyMs: number | null
  at: Date
  input: unknown
  resultText: string
}

export interface RatingFacts {
  module: string
  rating: number
  /** Numbers of the calls that the notes cite. */
  cites: number[]
}
