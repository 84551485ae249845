import { Type, type Static } from 'typebox'

/** What `npm run doctor` found, as `--json` prints it. */

const Text = Type.String({ minLength: 1 })
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([type, Type.Null()])
const Count = Type.Integer({ minimum: 0 })
const Usd = Type.Number({ minimum: 0, description: 'US dollars' })

export const Finding = Type.Object({
  check: Type.Enum([
    'configuration',
    'database',
    'schema',
    'model',
    'app',
    'tools',
    'sign-in',
    'sessions',
    'clock',
    'cost'
  ]),
  app: Nullable(Text),
  status: Type.Enum(['ok', 'failed', 'not_checked']),
  says: Text,
  todo: Nullable(Text)
}, { additionalProperties: false })
export type Finding = Static<typeof Finding>

export const AppFacts = Type.Object({
  name: Text,
  era: Nullable(
    Type.Enum(['stateless', 'session', 'sse'], {
      description: 'how the app is spoken to (docs/decisions/013)'
    })
  ),
  protocolVersion: Nullable(Text),
  server: Nullable(Type.Object({ name: Type.String(), version: Type.String() })),
  modules: Type.Record(Type.String(), Type.Array(Text), {
    description: 'the tools that personas see, by module'
  }),
  setAside: Type.Array(Type.Object({
    name: Type.String(),
    reason: Text,
    why: Text,
    mend: Nullable(
      Type.String({ description: 'the line of configuration that gives it to personas' })
    )
  })),
  listTokens: Type.Integer({
    minimum: 0,
    description: 'of the list of tools that a persona sees, estimated'
  })
}, { additionalProperties: false })
export type AppFacts = Static<typeof AppFacts>

export const Amount = Type.Object({ low: Usd, expected: Usd, high: Usd }, {
  additionalProperties: false
})
export type Amount = Static<typeof Amount>

export const AppCost = Type.Object({
  app: Text,
  basis: Type.Enum(['estimated', 'measured'], {
    description: 'measured: by the runs of the last 30 days'
  }),
  measuredRuns: Count,
  runsPerDay: Type.Number({ minimum: 0, description: 'on average over a week' }),
  perRun: Amount
}, { additionalProperties: false })
export type AppCost = Static<typeof AppCost>

export const Cost = Type.Object({
  apps: Type.Array(AppCost),
  perDay: Amount,
  perMonth: Amount,
  dailyBudgetUsd: Nullable(Usd)
}, { additionalProperties: false })
export type Cost = Static<typeof Cost>

export const DoctorReport = Type.Object({
  ok: Type.Boolean({ description: 'no finding has failed' }),
  version: Text,
  findings: Type.Array(Finding),
  apps: Type.Array(AppFacts, { description: 'those that could be opened' }),
  cost: Nullable(Cost)
}, { additionalProperties: false })
export type DoctorReport = Static<typeof DoctorReport>
