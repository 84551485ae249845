import { Type, type Static } from 'typebox'

export const MAX_FEEDBACK_PER_BATCH = 100

/**
 * The module name under which an answer is kept that could not be read. It never carries a number.
 */
export const PARSE_MODULE = '__parse'

const RESERVED =
  `names that begin with two underscores are reserved; ${PARSE_MODULE} is for an answer of the persona that could not be read`
const UNRATED =
  `null: the persona gave no number. A number of ${PARSE_MODULE} is nobody's rating: it is not stored`

/** One rating as another runner reports it. */
export const FeedbackInput = Type.Object({
  tickId: Type.String({ minLength: 1, maxLength: 100 }),
  module: Type.String({
    minLength: 1,
    maxLength: 128,
    pattern: `^(?!__)|^${PARSE_MODULE}$`,
    description: RESERVED
  }),
  rating: Type.Unsafe<number | null>({
    type: ['integer', 'null'],
    minimum: 1,
    maximum: 5,
    description: UNRATED
  }),
  notes: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 10_000 }))
}, { additionalProperties: false })
export type FeedbackInput = Static<typeof FeedbackInput>

export const FeedbackBatch = Type.Object({
  feedback: Type.Array(FeedbackInput, { maxItems: MAX_FEEDBACK_PER_BATCH })
}, {
  $id: 'FeedbackBatch',
  additionalProperties: false,
  examples: [{
    feedback: [
      { tickId: '6f0c', module: 'todo', rating: 2, notes: 'I had to create the list three times.' },
      { tickId: '6f0c', module: PARSE_MODULE, rating: 3, notes: 'The model answered without JSON.' }
    ]
  }]
})

/** Of which module of which tick. */
export const UnratedRow = Type.Object({ tickId: Type.String(), module: Type.String() }, {
  additionalProperties: false
})
export type UnratedRow = Static<typeof UnratedRow>

export const FeedbackWritten = Type.Object({
  ok: Type.Literal(true),
  written: Type.Integer({ description: 'rows that were not there before' }),
  withoutRating: Type.Optional(Type.Array(UnratedRow, {
    description:
      `rows that are stored without a number and count in no mean: those of ${PARSE_MODULE}, and those sent with null. Left out where there are none`
  }))
}, {
  $id: 'FeedbackWritten',
  additionalProperties: false,
  examples: [{ ok: true, written: 2, withoutRating: [{ tickId: '6f0c', module: PARSE_MODULE }] }]
})

/** The number that is stored: what stands beside an answer that could not be read is no rating. */
export function ratingOf ({ module, rating }: FeedbackInput): number | null {
  return module === PARSE_MODULE ? null : rating
}

/**
 * What a note rests on: an action of the run by its number, and words from what the app answered.
 */
export const Citation = Type.Object({
  action: Type.Integer({ minimum: 1 }),
  quote: Type.Union([Type.String(), Type.Null()])
}, { additionalProperties: false })
export type Citation = Static<typeof Citation>

export const ComparedToLastTime = Type.Enum(['better', 'same', 'worse', 'first'])
export type ComparedToLastTime = Static<typeof ComparedToLastTime>

/** One module's rating as the persona gave it. */
export interface ModuleRating {
  module: string
  /** null: it cannot say. */
  rating: number | null
  notes: string
  evidence: Citation[]
  comparedToLastTime: ComparedToLastTime | null
}

/** A rating whose evidence was looked up. */
export interface CheckedRating extends ModuleRating {
  grounded: boolean
  /** Null where grounded. */
  ungroundedReason: string | null
}

export const Feedback = Type.Object({
  id: Type.String(),
  tickId: Type.String(),
  module: Type.String({
    description: `${PARSE_MODULE}: the answer could not be read; rawText holds it`
  }),
  rating: Type.Union([Type.Integer({ minimum: 1, maximum: 5 }), Type.Null()], {
    description: 'null counts in no mean'
  }),
  notes: Type.Union([Type.String(), Type.Null()]),
  evidence: Type.Union([Type.Array(Citation), Type.Null()]),
  comparedToLastTime: Type.Union([ComparedToLastTime, Type.Null()]),
  grounded: Type.Union([Type.Boolean(), Type.Null()], {
    description: 'whether the evidence holds; false counts in no mean; null: never checked'
  }),
  ungroundedReason: Type.Union([Type.String(), Type.Null()]),
  model: Type.Union([Type.String(), Type.Null()]),
  promptVersion: Type.Union([Type.String(), Type.Null()]),
  personaVersion: Type.Union([Type.Integer(), Type.Null()]),
  appVersion: Type.Union([Type.String(), Type.Null()]),
  rawText: Type.Union([Type.String(), Type.Null()]),
  createdAt: Type.String({ format: 'date-time' })
}, { $id: 'Feedback', additionalProperties: false })
export type Feedback = Static<typeof Feedback>

export const ModuleSummary = Type.Object({
  module: Type.String(),
  n: Type.Integer({ description: 'ratings with a number' }),
  mean: Type.Union([Type.Number(), Type.Null()], { description: 'null where n is 0' }),
  latest: Type.Union([Type.Integer(), Type.Null()]),
  latestAt: Type.String({ format: 'date-time' })
}, { $id: 'ModuleSummary', additionalProperties: false })
export type ModuleSummary = Static<typeof ModuleSummary>
