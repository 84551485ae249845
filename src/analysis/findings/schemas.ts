import { Type, type Static, type TSchema } from 'typebox'
import { KINDS, SEVERITIES } from './kinds.ts'
import { STATES } from './states.ts'

const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const Instant = Type.String({ format: 'date-time' })
const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength })

export const FindingId = Type.String({ pattern: '^[1-9]\\d{0,17}$', description: 'e.g. 12' })

const Decision = Type.Object({
  to: Type.Enum(['resolved', 'ignored']),
  at: Instant,
  why: orNull(Type.String()),
  release: Type.Optional(orNull(Type.String())),
  quiet: Type.Optional(orNull(Type.Object({
    rate: Type.Number({ description: 'share of the visits that met it while it was there' }),
    needed: Type.Integer({ description: 'visits without it that are enough' }),
    passed: Type.Integer({ description: 'visits without it so far' })
  }))),
  runs: Type.Optional(Type.Integer()),
  until: Type.Optional(orNull(Instant)),
  more: Type.Optional(orNull(Type.Integer())),
  afterRelease: Type.Optional(orNull(Type.String()))
})

const FINDING = {
  id: FindingId,
  app: Type.String(),
  kind: Type.Enum([...KINDS]),
  module: Type.String(),
  tool: orNull(Type.String()),
  title: Type.String(),
  template: Type.String({ description: 'the message with holes such as <id> for what varies' }),
  state: Type.Enum([...STATES]),
  stateSince: Instant,
  decision: orNull(Decision),
  severity: Type.Enum([...SEVERITIES], { description: 'the worst that it did to a persona' }),
  firstSeenAt: Instant,
  lastSeenAt: Instant,
  firstRelease: orNull(Type.String()),
  lastRelease: orNull(Type.String()),
  times: Type.Integer({ description: 'calls that show it' }),
  runs: Type.Integer({ description: 'runs that met it' }),
  personas: Type.Integer({ description: 'personas that met it' }),
  trackerUrl: orNull(Type.String()),
  mergedInto: orNull(FindingId)
}

export const Finding = Type.Object(FINDING, { $id: 'Finding', additionalProperties: false })
export type Finding = Static<typeof Finding>

const Group = Type.Object({
  name: Type.String(),
  hit: Type.Integer({ description: 'personas that met it' }),
  of: Type.Integer({ description: 'personas that used the module since it was first seen' })
})

const Evidence = Type.Object({
  runId: Type.String(),
  personaId: Type.String(),
  persona: Type.String(),
  at: Instant,
  severity: Type.Enum([...SEVERITIES]),
  call: orNull(Type.Object({
    number: Type.Integer(),
    tool: Type.String(),
    input: Type.Unknown(),
    error: orNull(Type.String()),
    result: orNull(Type.String({ description: 'at most 2,000 characters' }))
  })),
  rating: orNull(Type.Object({
    rating: orNull(Type.Integer()),
    notes: orNull(Type.String()),
    cites: Type.Boolean({ description: 'whether the notes cite one of its calls' })
  }))
})
export type Evidence = Static<typeof Evidence>

export const Verification = Type.Object({
  id: Type.String(),
  at: Instant,
  personaId: Type.String(),
  outcome: Type.Enum(['still_there', 'gone', 'other_error', 'cannot_be_replayed']),
  why: orNull(Type.String({ description: 'why it cannot be replayed, or the other error' })),
  transcript: Type.Array(Type.Object({
    tool: Type.String(),
    input: Type.Unknown(),
    result: Type.Enum(['ok', 'error', 'unknown']),
    text: Type.String({ description: 'at most 2,000 characters' }),
    latencyMs: Type.Number()
  }))
}, { $id: 'Verification', additionalProperties: false })
export type Verification = Static<typeof Verification>

const ReproStep = Type.Object({
  number: Type.Integer({ description: 'of the call in its run' }),
  tool: Type.String(),
  arguments: Type.Unknown(),
  references: Type.Array(Type.Object({
    at: Type.Array(Type.Union([Type.String(), Type.Integer()])),
    from: Type.Integer({ description: 'the step whose result holds the value, from 1' }),
    path: Type.Array(Type.Union([Type.String(), Type.Integer()]))
  })),
  sentence: Type.String(),
  curl: Type.String({ description: 'for a shell that knows MCP_URL and TOKEN' })
})

export const FindingDetail = Type.Object({
  ...FINDING,
  sentences: Type.Array(Type.String(), {
    description: 'what happens; since when and to whom; why it matters'
  }),
  visits: Type.Object({
    hit: Type.Integer(),
    of: Type.Integer({ description: 'visits of the module between the first and the last one' })
  }),
  quiet: orNull(Type.Object({
    rate: Type.Number(),
    needed: Type.Integer(),
    passed: Type.Integer()
  })),
  archetypes: Type.Array(Group),
  locales: Type.Array(Group),
  days: Type.Array(Type.Object({ day: Type.String({ format: 'date' }), runs: Type.Integer() }), {
    description: 'of the last 90 days those that met it, oldest first (UTC)'
  }),
  fingerprints: Type.Array(Type.Object({ fingerprint: Type.String(), template: Type.String() })),
  maybeSame: Type.Array(
    Type.Object({ id: FindingId, title: Type.String() }),
    { description: 'findings of the same tool that stopped on the day on which this one began' }
  ),
  evidence: Type.Array(Evidence),
  steps: Type.Array(ReproStep, { description: 'the calls that lead to it; empty: none is stored' }),
  verifications: Type.Array(Type.Unsafe<Verification>({ $ref: 'Verification#' }), {
    description: 'the latest first'
  })
}, { $id: 'FindingDetail', additionalProperties: false })
export type FindingDetail = Static<typeof FindingDetail>

export const FindingFilter = Type.Object({
  state: Type.Optional(Type.Enum([...STATES, 'open'], {
    description: 'open: new, ongoing or regressed'
  })),
  app: Type.Optional(Type.String({ maxLength: 100 })),
  module: Type.Optional(Type.String({ maxLength: 200 })),
  kind: Type.Optional(Type.Enum([...KINDS])),
  severity: Type.Optional(Type.Enum([...SEVERITIES], { description: 'this one or worse' })),
  release: Type.Optional(Type.String({ maxLength: 100, description: 'met under this release' })),
  archetype: Type.Optional(Type.String({ maxLength: 200 })),
  since: Type.Optional({ ...Instant, description: 'last seen at this instant or later' }),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  cursor: Type.Optional({ ...FindingId, description: 'nextCursor of the page before' })
}, { additionalProperties: false })
export type FindingFilter = Static<typeof FindingFilter>

export const FindingDecision = Type.Object({
  state: Type.Enum(['resolved', 'ignored', 'open'], {
    description: 'open: takes the decision back'
  }),
  why: Type.Optional(Type.String({ maxLength: 2000 })),
  release: Type.Optional({
    ...Text(100),
    description: 'resolved: by this release; only runs of it and of later ones bring it back'
  }),
  until: Type.Optional({ ...Instant, description: 'ignored until then' }),
  more: Type.Optional(Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    description: 'ignored until so many more runs met it'
  })),
  untilNextRelease: Type.Optional(Type.Boolean({
    description: 'ignored until a release after the live one meets it'
  }))
}, {
  $id: 'FindingDecision',
  additionalProperties: false,
  examples: [{ state: 'resolved', release: '2.5.1', why: 'the index is back' }]
})
export type FindingDecision = Static<typeof FindingDecision>

export const FindingEvent = Type.Object({
  id: Type.String(),
  at: Instant,
  kind: Type.String({ description: 'a state, or merged, split, tracker' }),
  detail: Type.Unknown()
}, { $id: 'FindingEvent', additionalProperties: false })
export type FindingEvent = Static<typeof FindingEvent>
