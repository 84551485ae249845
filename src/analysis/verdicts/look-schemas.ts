import { Type, type Static } from 'typebox'

/** What the routes say of a verdict. */

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(
  schema: T,
  description?: string
) => Type.Union([schema, Type.Null()], description === undefined ? {} : { description })

const points = (description: string) => Type.Number({ description })

const ChannelFindingSchema = Type.Object({
  state: Type.Enum(['worse', 'better', 'none']),
  before: points('weighted mean of the personas before'),
  after: points('and after'),
  delta: points('after minus before'),
  standardError: Type.Number(),
  df: Type.Number({ description: 'degrees of freedom' }),
  p: Type.Number({ description: 'two-sided' }),
  pLimit: Type.Number({ description: 'worse and better need a p at or below this' }),
  low: points('range of the change, at the level of the verdict'),
  high: Type.Number(),
  smallest: points('a change of this size would have been seen with 80 %'),
  pSafe: Type.Number({ description: 'one-sided p of: worse by more than the margin' }),
  safe: Type.Boolean({ description: 'no worse by more than the margin' }),
  enough: Type.Boolean({ description: 'a change that matters would have been seen' }),
  personas: Type.Integer({ description: 'with visits on both sides' }),
  visitsBefore: Type.Integer(),
  visitsAfter: Type.Integer()
})

const State = Type.Enum([
  'worse',
  'better',
  'mixed',
  'no_worse',
  'no_change_seen',
  'too_little_data',
  'everything_moved',
  'not_comparable'
], { description: 'docs/verdicts.md says what each means' })

/** What one look at one module says, planned or not. */
export const LookFields = {
  state: State,
  reason: Nullable(
    Type.Enum(['context_changed', 'cast_changed']),
    'why both sides cannot be compared; null: they can'
  ),
  rating: Nullable(ChannelFindingSchema),
  friction: Nullable(ChannelFindingSchema),
  errors: Nullable(
    Type.Object({ before: Type.Number(), after: Type.Number() }),
    'failed calls as a share of all'
  ),
  groups: Type.Array(
    Type.Object({
      by: Type.Enum(['archetype', 'locale']),
      group: Type.String(),
      personas: Type.Integer(),
      delta: Type.Number()
    }),
    {
      description:
        'parts of the cast with 5 personas or more, hit worst first, without a verdict of their own'
    }
  )
}

const Look = Type.Object({
  day: Type.Integer({ description: 'days under the release that were looked at' }),
  daysBefore: Type.Integer(),
  ...LookFields,
  daysNeeded: Nullable(
    Type.Integer(),
    'days under the release that would be enough; null: unknown, or waiting will not do'
  ),
  judgedAt: Type.String({ format: 'date-time' })
})

const ModuleVerdict = Type.Object({
  module: Type.String(),
  verdict: State,
  seenOnDay: Type.Integer({ description: 'the look that decided' }),
  sentence: Type.String(),
  looks: Type.Array(Look)
})

export const ReleaseVerdicts = Type.Object({
  app: Type.String(),
  release: Type.String(),
  judgedWith: Type.Array(Type.String(), {
    description: 'all releases that are judged together; this one alone where it stands alone'
  }),
  modules: Type.Array(ModuleVerdict, { description: 'worst first; empty before the first look' }),
  nextLookOnDay: Nullable(
    Type.Integer(),
    'days under the release; null: all looks are done, or a later release ended it'
  )
}, { $id: 'ReleaseVerdicts' })
export type ReleaseVerdicts = Static<typeof ReleaseVerdicts>
