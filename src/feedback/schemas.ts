import { Type, type Static } from 'typebox'

export const MAX_FEEDBACK_PER_BATCH = 100

/** The module name under which an answer is kept that could not be read. It never carries a number. */
export const PARSE_MODULE = '__parse'

export const FeedbackInput = Type.Object({
  tickId: Type.String({ minLength: 1, maxLength: 100 }),
  module: Type.String({ minLength: 1, maxLength: 128, pattern: '^(?!__)', description: 'names that begin with two underscores are reserved' }),
  rating: Type.Integer({ minimum: 1, maximum: 5 }),
  notes: Type.Optional(Type.String({ maxLength: 10_000 }))
}, { additionalProperties: false })
export type FeedbackInput = Static<typeof FeedbackInput>

export const FeedbackBatch = Type.Object({
  feedback: Type.Array(FeedbackInput, { maxItems: MAX_FEEDBACK_PER_BATCH })
}, { $id: 'FeedbackBatch', additionalProperties: false })

/** What a note rests on: an action of the run by its number, and words from what the app answered. */
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
  module: Type.String({ description: `${PARSE_MODULE}: the answer could not be read; rawText holds it` }),
  rating: Type.Union([Type.Integer({ minimum: 1, maximum: 5 }), Type.Null()], { description: 'null counts in no mean' }),
  notes: Type.Union([Type.String(), Type.Null()]),
  evidence: Type.Union([Type.Array(Citation), Type.Null()]),
  comparedToLastTime: Type.Union([ComparedToLastTime, Type.Null()]),
  grounded: Type.Union([Type.Boolean(), Type.Null()], { description: 'whether the evidence holds; false counts in no mean; null: never checked' }),
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
