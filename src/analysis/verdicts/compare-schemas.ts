import { Type, type Static } from 'typebox'
import { AppName, FIRST_APP } from '../../personas/app-name.ts'
import { LookFields } from './look-schemas.ts'

/** What a comparison can be asked, and what it answers. */

const side = (description: string, example: string) =>
  Type.String({ minLength: 1, maxLength: 100, description, examples: [example] })

export const CompareQuery = Type.Object({
  before: side(
    'a release, or days such as 2026-11-01/2026-11-14 (UTC, both days included)',
    '2.4.0'
  ),
  after: side('of the same kind as `before`, and later', '2.5.0'),
  app: Type.Optional(
    Type.Unsafe<string>({ ...AppName, description: `default: ${FIRST_APP}` })
  ),
  module: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'this module only' })
  )
}, { additionalProperties: false })
export type CompareQuery = Static<typeof CompareQuery>

const NullableText = Type.Union([Type.String(), Type.Null()])

const Side = Type.Object({
  release: Type.Union([Type.String(), Type.Null()], { description: 'null: a range of days' }),
  from: Type.Union([Type.String({ format: 'date' }), Type.Null()], {
    description: 'first day with visits that were compared; null: there is none'
  }),
  to: NullableText,
  days: Type.Integer({ description: 'days with visits that were compared' })
})

export const Comparison = Type.Object({
  app: Type.String(),
  before: Side,
  after: Side,
  modules: Type.Array(
    Type.Object({ module: Type.String(), sentence: Type.String(), ...LookFields }),
    { description: 'worst first' }
  )
}, {
  $id: 'Comparison',
  additionalProperties: false,
  description:
    'an answer to a question and no verdict: it is computed anew each time, all modules together spend 5 % once, and ' +
    'who asks often will be told of changes that are none more often',
  examples: [{
    app: 'main',
    before: { release: '2.4.0', from: '2026-11-01', to: '2026-11-14', days: 14 },
    after: { release: '2.5.0', from: '2026-11-16', to: '2026-11-20', days: 5 },
    modules: [{
      module: 'todo',
      sentence:
        'todo was rated lower: 3.9 → 3.1 (−0.8, range −1.2 to −0.4), by the same 9 personas in 2.5.0, compared with 2.4.0. 14 days before, 5 after. Errors 2.0 % → 11 %.',
      state: 'worse',
      reason: null,
      rating: {
        state: 'worse',
        before: 3.9,
        after: 3.1,
        delta: -0.8,
        standardError: 0.13,
        df: 25.4,
        p: 0.000003,
        pLimit: 0.0044,
        low: -1.2,
        high: -0.4,
        smallest: 0.51,
        pSafe: 0.98,
        safe: false,
        enough: true,
        personas: 9,
        visitsBefore: 61,
        visitsAfter: 22
      },
      friction: null,
      errors: { before: 0.02, after: 0.11 },
      groups: [{ by: 'locale', group: 'de', personas: 5, delta: -1.1 }]
    }]
  }]
})
export type Comparison = Static<typeof Comparison>
