import { Type, type Static } from 'typebox'

export const ReleaseInput = Type.Object({
  version: Type.String({ minLength: 1, maxLength: 100, description: 'as you name it, e.g. 2.4.1 or a commit' }),
  at: Type.Optional(Type.String({ format: 'date-time', description: 'when it went or goes live; default: now' })),
  notes: Type.Optional(Type.String({ maxLength: 2000 }))
}, { $id: 'ReleaseInput', additionalProperties: false })
export type ReleaseInput = Static<typeof ReleaseInput>

export const Release = Type.Object({
  version: Type.String(),
  at: Type.String({ format: 'date-time' }),
  notes: Type.Union([Type.String(), Type.Null()]),
  createdAt: Type.String({ format: 'date-time' })
}, { $id: 'Release', additionalProperties: false })
export type Release = Static<typeof Release>
