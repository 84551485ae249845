import { Type, type Static } from 'typebox'
import { BlameSchema, count, Instant, Names, Nullable } from './fields.ts'

export const Problem = Type.Object({
  type: Type.Enum(['error', 'walk_away'], {
    description:
      'walk_away: a persona lost patience over this module and left; counted once per run'
  }),
  module: Type.String(),
  tool: Nullable(Type.String(), 'null for walk-aways'),
  kind: Type.String({
    description: 'the message, with ids, numbers, dates and quoted strings replaced'
  }),
  blame: Nullable(BlameSchema, 'null: nobody knows (sent by another runner), or a walk-away'),
  count: count(),
  personas: count('how many it happened to'),
  runs: count('how many it happened in'),
  firstSeenAt: Instant,
  lastSeenAt: Instant,
  appVersions: Names,
  models: Names,
  promptVersions: Names,
  examples: Type.Array(
    Type.Object({
      runId: Type.String(),
      number: count(),
      errorMessage: Nullable(Type.String()),
      latencyMs: Nullable(Type.Integer()),
      at: Instant
    }),
    { description: 'the newest, 3 at most' }
  ),
  citations: Type.Array(
    Type.Object({
      runId: Type.String(),
      number: count(),
      module: Type.String(),
      rating: Nullable(Type.Integer()),
      notes: Nullable(Type.String()),
      quote: Nullable(Type.String())
    }),
    { description: 'grounded feedback that cites one of these actions; the newest, 3 at most' }
  )
}, { $id: 'Problem', additionalProperties: false })
export type Problem = Static<typeof Problem>

export const SayDoGap = Type.Object({
  runId: Type.String(),
  personaId: Type.String({ format: 'uuid' }),
  personaName: Type.String(),
  archetype: Type.String(),
  personaVersion: count(),
  module: Type.String(),
  rating: Nullable(Type.Integer()),
  friction: Type.Number(),
  calls: count(),
  appErrors: count(),
  notes: Nullable(Type.String()),
  model: Nullable(Type.String()),
  promptVersion: Nullable(Type.String()),
  appVersion: Nullable(Type.String()),
  at: Instant
}, { $id: 'SayDoGap', additionalProperties: false })
export type SayDoGap = Static<typeof SayDoGap>
