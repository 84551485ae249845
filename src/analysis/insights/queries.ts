import { Type, type Static } from 'typebox'
import { FilterFields } from './filters.ts'
import { BlameSchema } from './fields.ts'

/** What each insight can be asked. */

const limit = (standard: number, maximum: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum, default: standard }))

const mix = Type.Optional(Type.Boolean({
  default: false,
  description: 'true: one number over all models, prompt versions and persona versions'
}))

export const ModulesQuery = Type.Object({
  ...FilterFields,
  by: Type.Optional(Type.Enum(['day', 'week'], {
    default: 'day',
    description: 'step of the trend; weeks begin on Monday, both in UTC'
  })),
  mix
}, { additionalProperties: false })
export type ModulesQuery = Static<typeof ModulesQuery>

export const ProblemsQuery = Type.Object({
  ...FilterFields,
  blame: Type.Optional(BlameSchema),
  limit: limit(20, 200)
}, { additionalProperties: false })
export type ProblemsQuery = Static<typeof ProblemsQuery>

export const GapsQuery = Type.Object({ ...FilterFields, limit: limit(50, 500) }, {
  additionalProperties: false
})
export type GapsQuery = Static<typeof GapsQuery>

export const CastQuery = Type.Object({ ...FilterFields, mix }, { additionalProperties: false })
export type CastQuery = Static<typeof CastQuery>
