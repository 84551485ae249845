import { Type, type Static } from 'typebox'
import { count, Instant, Names, Nullable } from './fields.ts'

export const Range = Type.Object({ from: Instant, to: Instant })

export const Mixed = Type.Object({
  models: Names,
  promptVersions: Names,
  appVersions: Names,
  personaVersions: count(
    'personas that were changed within the range: more than one version of them is in it'
  )
}, {
  $id: 'Mixed',
  additionalProperties: false,
  description:
    'what stands behind the numbers; numbers of different models, prompts and personas do not compare'
})
export type Mixed = Static<typeof Mixed>

const TrendPoint = Type.Object({
  at: Instant,
  n: count(),
  mean: Nullable(Type.Number()),
  friction: Nullable(Type.Number()),
  calls: count(),
  appErrors: count()
})

export const ModuleInsight = Type.Object({
  module: Type.String(),
  n: count('ratings behind the mean: grounded, with a number'),
  mean: Nullable(Type.Number(), 'null below 3 ratings'),
  interval: Nullable(
    Type.Object({ low: Type.Number(), high: Type.Number() }),
    "95 % of the mean, within 1 to 5, with personas as clusters and Student's t; null below 5 personas"
  ),
  ratings: Type.Object({
    counted: count('the same as n'),
    ungrounded: count('the evidence does not hold'),
    cannotSay: count('grounded, but no number'),
    unchecked: count('sent by another runner, without evidence'),
    personas: count('how many different personas the counted ones are of')
  }),
  friction: Nullable(
    Type.Number(),
    '0 to 100, weighted by calls; measured and no opinion, so shown from the first visit on'
  ),
  visits: count('runs that used the module'),
  calls: count(),
  errors: Type.Object({
    app: count(),
    persona: count(),
    model: count(),
    account: count(),
    harness: count()
  }, { description: "by whose fault; only the app's count against the module" }),
  contract: Type.Object({
    errors: count('calls of these tools that were refused for their arguments'),
    tools: Type.Array(
      Type.Object({
        tool: Type.String(),
        errors: count(),
        personas: count('how many different personas were refused'),
        words: Nullable(Type.String(), 'what was said most often')
      }),
      { description: 'most personas first' }
    )
  }, {
    description:
      'tools by which 3 or more personas were refused for their arguments: their descriptions may not say what they ' +
      'want. Part of `errors.persona` and of no rating and no friction; of all versions of the personas'
  }),
  walkAways: count('visits over which a persona lost patience and left'),
  sayDoGaps: count('visits whose rating and friction contradict each other'),
  latency: Type.Object({
    n: count('calls that were answered, without those that model, account or runner spoilt'),
    p50Ms: Nullable(Type.Number()),
    p95Ms: Nullable(Type.Number())
  }, { description: 'null below n = 3; durations are rounded by 5 % at most' }),
  trend: Type.Array(TrendPoint, { description: 'steps without any visit or rating are left out' })
}, { $id: 'ModuleInsight', additionalProperties: false })
export type ModuleInsight = Static<typeof ModuleInsight>

export const ModuleGroup = Type.Object({
  models: Names,
  promptVersions: Names,
  latestAt: Instant,
  leftOut: Type.Object({ ratings: count(), visits: count() }, {
    description:
      'rows of earlier versions of a persona: within a group only the newest version of each counts, unless mix=true'
  }),
  modules: Type.Array(Type.Unsafe<ModuleInsight>({ $ref: 'ModuleInsight#' }), {
    description: 'worst first: lowest mean, then highest friction'
  })
}, {
  $id: 'ModuleGroup',
  additionalProperties: false,
  description: 'one model under one version of the prompts; with mix=true all together'
})
export type ModuleGroup = Static<typeof ModuleGroup>
