import { Type, type Static } from 'typebox'
import { AppName } from './app-name.ts'

/** Shared by every aggregate: an instant as ISO 8601 text in UTC. */
const Instant = Type.String({ format: 'date-time' })

const RHYTHM =
  'how often it lives a day; hourly: more than 1 h after it was last active; daily: more than 24 h; weekdays: like daily, Monday to Friday in its own time zone'

export const TickCadence = Type.Enum(['hourly', 'daily', 'weekdays'], { description: RHYTHM })
export type TickCadence = Static<typeof TickCadence>

const ModuleName = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$'

/** Points, or a level by name: `patience.ts` says what uses them up. */
const Patience = Type.Union([
  Type.Enum(['low', 'medium', 'high']),
  Type.Integer({ minimum: 1, maximum: 100_000 })
], {
  description: 'what the persona puts up with before it walks away: low, medium, high, or points'
})

const character = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  archetype: Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'the kind of person, e.g. busy-ceo'
  }),
  systemPrompt: Type.String({
    minLength: 1,
    maxLength: 20_000,
    description: 'who the persona is, in its own language'
  }),
  moduleMix: Type.Record(
    Type.String({ pattern: ModuleName }),
    Type.Number({ exclusiveMinimum: 0, maximum: 1000 }),
    {
      maxProperties: 50,
      additionalProperties: false,
      description: 'favourite modules of the app, with weights'
    }
  ),
  tickCadence: TickCadence,
  timeZone: Type.String({ format: 'time-zone', description: 'IANA name, e.g. Europe/Berlin' }),
  locale: Type.String({
    format: 'locale',
    maxLength: 35,
    description:
      'BCP 47 tag; the language that the persona lives in. Prompts are German or English; in any other language the persona is told to live and write in it'
  })
}

const App = Type.String({
  ...AppName,
  description: 'the app that it lives in; main is the one of the environment'
})

const PasswordVersion = Type.Integer({
  minimum: 1,
  maximum: 999,
  description: 'under which of PERSONA_SEED_SECRETS its password is derived'
})

export const Email = Type.String({ format: 'email', maxLength: 254 })

/** What creates a persona, or updates the one with the same email. */
export const PersonaInput = Type.Object({
  email: Email,
  name: Type.Optional(
    Type.String({
      ...character.name,
      description: 'left out for a new persona: what stands before the @ of its email'
    })
  ),
  archetype: character.archetype,
  systemPrompt: character.systemPrompt,
  moduleMix: Type.Optional(character.moduleMix),
  tickCadence: Type.Optional(
    Type.Enum(TickCadence.enum, { description: `${RHYTHM}; left out for a new persona: daily` })
  ),
  timeZone: Type.Optional(character.timeZone),
  locale: Type.Optional(character.locale),
  patience: Type.Optional(Patience),
  paused: Type.Optional(Type.Boolean()),
  app: Type.Optional(App)
}, { additionalProperties: false })
export type PersonaInput = Static<typeof PersonaInput>

const changeable = Type.Object({
  email: Email,
  ...character,
  patience: Patience,
  passwordVersion: PasswordVersion
})

export const PersonaPatch = Type.Partial(changeable, {
  $id: 'PersonaPatch',
  additionalProperties: false,
  minProperties: 1
})
export type PersonaPatch = Static<typeof PersonaPatch>

const PersonaShape = Type.Object({
  id: Type.String({ format: 'uuid' }),
  userId: Type.String({
    format: 'uuid',
    description: 'the same as id, by the name that other runners know it by'
  }),
  email: Email,
  ...character,
  timeZone: Type.String(),
  locale: Type.String(),
  patience: Type.Integer({ description: 'points' }),
  app: App,
  passwordVersion: PasswordVersion,
  paused: Type.Boolean(),
  pauseReason: Type.Union([Type.String(), Type.Null()]),
  lastActiveAt: Type.Union([Instant, Type.Null()], { description: 'null: has never run' }),
  consecutiveFailures: Type.Integer(),
  notBefore: Type.Union([Instant, Type.Null()], {
    description: 'backing off until then after failures; null: not backing off'
  }),
  version: Type.Integer({
    description: 'counts changes of the character; ratings of different versions are not comparable'
  }),
  createdAt: Instant,
  updatedAt: Instant
})

const EXAMPLE_ID = '7d5f2c1e-3f0a-4b7e-9a51-0c2d8e6f4b13'
const EXAMPLE: Static<typeof PersonaShape> = {
  id: EXAMPLE_ID,
  userId: EXAMPLE_ID,
  email: 'mara@personas.test',
  name: 'Mara',
  archetype: 'researcher',
  systemPrompt: 'You are Mara, 34, a biologist. You write everything down and forget where.',
  moduleMix: { notes: 2, todo: 1 },
  tickCadence: 'weekdays',
  timeZone: 'Europe/Berlin',
  locale: 'en',
  patience: 100,
  app: 'main',
  passwordVersion: 1,
  paused: false,
  pauseReason: null,
  lastActiveAt: '2026-11-26T08:12:44.031Z',
  consecutiveFailures: 0,
  notBefore: null,
  version: 1,
  createdAt: '2026-11-20T09:00:00.000Z',
  updatedAt: '2026-11-20T09:00:00.000Z'
}

export const Persona = Type.Object(PersonaShape.properties, {
  $id: 'Persona',
  additionalProperties: false,
  examples: [EXAMPLE]
})
export type Persona = Static<typeof PersonaShape>

export const PersonaFilter = Type.Object({
  archetype: Type.Optional(Type.String({ maxLength: 100 })),
  tickCadence: Type.Optional(TickCadence),
  paused: Type.Optional(Type.Boolean()),
  app: Type.Optional(App),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  cursor: Type.Optional(
    Type.String({ maxLength: 300, description: '`nextCursor` of the page before' })
  )
}, { additionalProperties: false })
export type PersonaFilter = Static<typeof PersonaFilter>
