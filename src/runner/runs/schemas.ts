import { Type, type Static } from 'typebox'
import { RUN_STATES } from './states.ts'

const Instant = Type.String({ format: 'date-time' })
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(
  schema: T,
  description?: string
) => Type.Union([schema, Type.Null()], description === undefined ? {} : { description })

const RunStateSchema = Type.Enum(RUN_STATES, { description: 'the last four are final' })

export const Run = Type.Object({
  id: Type.String({ description: 'the same as `tickId` of its actions and feedback' }),
  personaId: Type.String({ format: 'uuid' }),
  app: Type.String({ description: 'that the persona lives in' }),
  personaVersion: Type.Integer(),
  state: RunStateSchema,
  attempt: Type.Integer({ description: 'how many times a worker took it' }),
  tick: Nullable(Type.String(), 'null: opened by an operator'),
  queuedAt: Instant,
  startedAt: Nullable(Instant),
  finishedAt: Nullable(Instant),
  endReason: Nullable(
    Type.String(),
    'why the day in the app ended, e.g. end_turn, max_turns, timeout, refusal, cancelled'
  ),
  endDetail: Nullable(Type.String(), 'which limit was reached, and by how much it was passed'),
  deferredUntil: Nullable(Instant, 'it waits until then for a service that is out of order'),
  deferredFor: Nullable(Type.String(), 'what it waits for, or last waited for'),
  errorCode: Nullable(Type.String(), 'what to do about each: docs/errors.md'),
  errorMessage: Nullable(Type.String()),
  daySummary: Nullable(Type.String()),
  costliestModule: Nullable(Type.String()),
  model: Nullable(Type.String()),
  promptVersion: Nullable(Type.String()),
  appVersion: Nullable(Type.String(), 'the release that was live when the run began'),
  walkedAwayOver: Nullable(
    Type.Array(Type.Integer()),
    'numbers of the actions that used up the patience'
  ),
  protocolVersion: Nullable(Type.String(), 'of MCP, as agreed with the app'),
  mcpEra: Nullable(
    Type.String(),
    'how the app was spoken to: `stateless` (2026-07-28), `session` (before, over streamable HTTP) or `sse` (HTTP+SSE of 2024-11-05)'
  ),
  turns: Type.Integer(),
  usd: Nullable(
    Type.Number(),
    'what its replies cost, in US dollars; null: the price of the model is not known'
  ),
  unansweredUsd: Type.Number({
    description:
      'what calls of the model whose answer never came may have cost at most, in US dollars; counts against the limits, not in `usd`'
  }),
  tokens: Type.Object({
    input: Type.Integer(),
    output: Type.Integer(),
    cacheWrite: Type.Integer(),
    cacheRead: Type.Integer()
  })
}, { $id: 'Run', additionalProperties: false })
export type Run = Static<typeof Run>

export const RunFilter = Type.Object({
  personaId: Type.Optional(Type.String({ format: 'uuid' })),
  state: Type.Optional(RunStateSchema),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  cursor: Type.Optional(
    Type.String({ maxLength: 100, description: '`nextCursor` of the page before' })
  )
}, { additionalProperties: false })
export type RunFilter = Static<typeof RunFilter>

export const TickResult = Type.Object({
  due: Type.Integer({ description: 'runs opened by this tick' }),
  ranSuccessfully: Type.Integer({ description: 'of these, completed or incomplete' }),
  failed: Type.Array(
    Type.Object({
      persona: Type.String({ description: 'email' }),
      error: Type.String({
        description: 'code and message; DEFERRED where it waits for a service that is out of order'
      })
    })
  ),
  durationMs: Type.Integer()
}, { $id: 'TickResult', additionalProperties: false })
export type TickResult = Static<typeof TickResult>

export const TranscriptMessage = Type.Object({
  seq: Type.Integer(),
  phase: Type.Enum(['acting', 'reflecting']),
  role: Type.Enum(['user', 'assistant']),
  content: Type.Array(Type.Any(), { description: 'blocks as in the Messages API' }),
  stopReason: Nullable(Type.String()),
  createdAt: Instant
}, { $id: 'TranscriptMessage', additionalProperties: false })
export type TranscriptMessage = Static<typeof TranscriptMessage>
