import { Type, type Static } from 'typebox'

const Instant = Type.String({ format: 'date-time' })

export const SetAsideTool = Type.Object({
  reason: Type.Enum([
    'denied_by_name',
    'declared_destructive',
    'name_destroys',
    'not_allowed',
    'not_read_only',
    'changed',
    'refused_by_model',
    'name_unusable',
    'same_name',
    'schema_unusable',
    'needs_task'
  ]),
  why: Type.String({ description: 'one line; for refused_by_model the words of the model API' }),
  mend: Type.Union([Type.String(), Type.Null()], {
    description:
      'the line of configuration that gives it to personas; null: none does, the app must change it'
  }),
  since: Instant
}, { additionalProperties: false })
export type SetAsideTool = Static<typeof SetAsideTool>

/** A tool that the app has ever shown. */
export const KnownTool = Type.Object({
  name: Type.String(),
  module: Type.String(),
  definitionHash: Type.Union([Type.String(), Type.Null()], {
    description:
      'of name, description, schema and annotations as last seen; null: seen before definitions were hashed'
  }),
  accepted: Type.Boolean({
    description:
      'false: changed since the first sight or the latest acceptance; with TOOL_CHANGES=block no persona may use it'
  }),
  changedAt: Type.Union([Instant, Type.Null()], { description: 'null: never' }),
  firstSeenAt: Instant,
  lastSeenAt: Instant,
  setAside: Type.Union([SetAsideTool, Type.Null()], {
    description:
      'why no persona gets to see it; null: they do, as of the latest run that was shown it'
  })
}, {
  $id: 'KnownTool',
  additionalProperties: false,
  examples: [{
    name: 'browser_click',
    module: 'browser',
    definitionHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    accepted: true,
    changedAt: null,
    firstSeenAt: '2026-11-26T08:00:00.000Z',
    lastSeenAt: '2026-11-26T08:00:00.000Z',
    setAside: {
      reason: 'declared_destructive',
      why: 'the app declares it destructive',
      mend: 'TOOL_ALLOW=browser_click',
      since: '2026-11-26T08:00:00.000Z'
    }
  }]
})
export type KnownTool = Static<typeof KnownTool>

export const AcceptedTool = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 128 }),
  definitionHash: Type.String({
    pattern: '^[0-9a-f]{64}$',
    description: 'as GET /api/v1/admin/tools showed it: only what was looked at is accepted'
  })
}, { additionalProperties: false })
export type AcceptedTool = Static<typeof AcceptedTool>

export const AcceptedTools = Type.Object({
  tools: Type.Array(AcceptedTool, { minItems: 1, maxItems: 512 })
}, { $id: 'AcceptedTools', additionalProperties: false })
