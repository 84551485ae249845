import { Type, type Static } from 'typebox'

const Instant = Type.String({ format: 'date-time' })

/** A tool that the app has ever shown. */
export const KnownTool = Type.Object({
  name: Type.String(),
  module: Type.String(),
  definitionHash: Type.Union([Type.String(), Type.Null()], {
    description: 'of name, description, schema and annotations as last seen; null: seen before definitions were hashed'
  }),
  accepted: Type.Boolean({ description: 'false: changed since the first sight or the latest acceptance; with TOOL_CHANGES=block no persona may use it' }),
  changedAt: Type.Union([Instant, Type.Null()], { description: 'null: never' }),
  firstSeenAt: Instant,
  lastSeenAt: Instant
}, { $id: 'KnownTool', additionalProperties: false })
export type KnownTool = Static<typeof KnownTool>

export const AcceptedTool = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 128 }),
  definitionHash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'as GET /api/v1/admin/tools showed it: only what was looked at is accepted' })
}, { additionalProperties: false })
export type AcceptedTool = Static<typeof AcceptedTool>

export const AcceptedTools = Type.Object({
  tools: Type.Array(AcceptedTool, { minItems: 1, maxItems: 512 })
}, { $id: 'AcceptedTools', additionalProperties: false })
