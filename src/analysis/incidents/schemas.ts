import { Type, type Static } from 'typebox'

export const Incident = Type.Object({
  id: Type.String(),
  runId: Type.String(),
  personaId: Type.String({ format: 'uuid' }),
  action: Type.Union([Type.Integer(), Type.Null()], {
    description: 'number of the action that shows it; null: the own words of the persona do'
  }),
  kind: Type.String({
    description:
      'prompt_leak, or the rule of src/analysis/incidents/suspicion-rules.ts that found it'
  }),
  excerpt: Type.String({ description: 'hostile text, as it stands there' }),
  createdAt: Type.String({ format: 'date-time' })
}, { $id: 'Incident', additionalProperties: false })
export type Incident = Static<typeof Incident>

export const IncidentFilter = Type.Object({
  runId: Type.Optional(Type.String({ maxLength: 100 })),
  personaId: Type.Optional(Type.String({ format: 'uuid' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  cursor: Type.Optional(
    Type.String({ maxLength: 300, description: '`nextCursor` of the page before' })
  )
}, { additionalProperties: false })
export type IncidentFilter = Static<typeof IncidentFilter>
