import { Type, type Static } from 'typebox'

export const MAX_ACTIONS_PER_BATCH = 500

/**
 * One tool call as another runner reports it. The runner of this process uses the same table and
 * the same ids.
 */
export const ActionInput = Type.Object({
  tickId: Type.String({ minLength: 1, maxLength: 100 }),
  toolName: Type.String({
    minLength: 1,
    maxLength: 128,
    description: 'as the app names it, e.g. todo.create'
  }),
  inputHash: Type.Optional(Type.Unsafe<string | null>({
    type: ['string', 'null'],
    maxLength: 128,
    description: 'a hash of the arguments, so that repeats can be told'
  })),
  result: Type.Enum(['ok', 'error']),
  errorMessage: Type.Optional(
    Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 2000 })
  ),
  latencyMs: Type.Optional(Type.Unsafe<number | null>({
    type: ['number', 'null'],
    minimum: 0,
    maximum: 2_147_483_647,
    description: 'rounded to whole milliseconds'
  }))
}, { additionalProperties: false })
export type ActionInput = Static<typeof ActionInput>

const EXAMPLE = {
  actions: [
    { tickId: '6f0c', toolName: 'todo.create', inputHash: '9a2f', result: 'ok', latencyMs: 41 },
    {
      tickId: '6f0c',
      toolName: 'notes.search',
      result: 'error',
      errorMessage: 'There is no such notebook.'
    }
  ]
}

export const ActionBatch = Type.Object({
  actions: Type.Array(ActionInput, { maxItems: MAX_ACTIONS_PER_BATCH }),
  offset: Type.Optional(Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    default: 0,
    description:
      'how many actions of this tick were sent in earlier batches, so that a later batch is never taken for a retry of the first'
  }))
}, { $id: 'ActionBatch', additionalProperties: false, examples: [EXAMPLE] })
export type ActionBatch = Static<typeof ActionBatch>

export const Written = Type.Object({
  ok: Type.Literal(true),
  written: Type.Integer({ description: 'rows that were not there before' })
}, { $id: 'Written', additionalProperties: false, examples: [{ ok: true, written: 2 }] })

export const Action = Type.Object({
  id: Type.String(),
  tickId: Type.String(),
  number: Type.Integer({ description: 'position in the run, from 1; what citations name' }),
  toolName: Type.String(),
  module: Type.String(),
  inputHash: Type.Union([Type.String(), Type.Null()]),
  result: Type.Enum(['started', 'ok', 'error', 'unknown', 'rejected'], {
    description:
      'started: still going on; unknown: no answer came, so whether it acted cannot be told; rejected: never sent to the app'
  }),
  errorMessage: Type.Union([Type.String(), Type.Null()]),
  blame: Type.Union([Type.Enum(['app', 'persona', 'model', 'account', 'harness']), Type.Null()], {
    description:
      "whose fault it was; only the app's counts against a module; null: ended ok, nobody's (a first rate limit), or nobody knows"
  }),
  blameRule: Type.Union([Type.String(), Type.Null()], {
    description:
      'which rule decided whose fault it was (docs/ratings.md); null: ended ok, or sent by another runner'
  }),
  latencyMs: Type.Union([Type.Integer(), Type.Null()]),
  createdAt: Type.String({ format: 'date-time' })
}, { $id: 'Action', additionalProperties: false })
export type Action = Static<typeof Action>
