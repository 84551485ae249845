import { Type, type TSchema } from 'typebox'

/** The small parts that the answers' schemas are made of. */

export const Instant = Type.String({ format: 'date-time' })
export const Nullable = <T extends TSchema>(schema: T, description?: string) =>
  Type.Union([schema, Type.Null()], description === undefined ? {} : { description })
export const count = (description?: string) =>
  Type.Integer(description === undefined ? {} : { description })
/** Null: not known, for instance because another runner sent the row. */
export const Names = Type.Array(Nullable(Type.String()))
export const BlameSchema = Type.Enum(['app', 'persona', 'model', 'account', 'harness'])
