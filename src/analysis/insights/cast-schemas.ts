import { Type, type Static } from 'typebox'
import { count, Instant, Names, Nullable } from './fields.ts'

export const Coverage = Type.Object({
  knownTools: count('tools that the app showed within the range'),
  knownModules: count(),
  unusedTools: Type.Array(Type.Object({ tool: Type.String(), module: Type.String() }), {
    description: 'no persona called them'
  }),
  unusedModules: Type.Array(Type.String(), { description: 'no persona called any of their tools' })
}, { $id: 'Coverage', additionalProperties: false })
export type Coverage = Static<typeof Coverage>

const Variance = Type.Object({
  between: Nullable(Type.Number(), 'among the personas'),
  within: Nullable(Type.Number(), 'among runs of one persona'),
  ratio: Nullable(
    Type.Number(),
    'between / (between + within): how much of what differs is due to who the persona is'
  ),
  n: count('runs behind it, or ratings')
}, { description: 'null where there is too little to compare' })
const PersonaName = Type.Object({ personaId: Type.String(), personaName: Type.String() })

export const CastGroup = Type.Object({
  models: Names,
  promptVersions: Names,
  latestAt: Instant,
  leftOut: count(
    'runs under earlier versions of a persona, unless mix=true, and all but the latest 50 of each persona'
  ),
  quality: Type.Object({
    verdict: Type.Enum(['collapsed', 'healthy', 'mixed', 'too_little_data'], {
      description: 'a word needs 8 personas with 5 runs each; without ratings no cast is healthy'
    }),
    toolUse: Variance,
    ratings: Variance,
    nearDuplicates: Type.Array(
      Type.Object({
        a: PersonaName,
        b: PersonaName,
        similarity: Type.Number(),
        nA: count('runs of a'),
        nB: count('runs of b')
      }),
      { description: 'pairs of personas that can hardly be told apart; the 100 most alike' }
    ),
    nearDuplicatePairs: count('how many such pairs there are'),
    personas: count('with enough runs'),
    runs: count('of these')
  })
}, {
  $id: 'CastGroup',
  additionalProperties: false,
  description: 'one model under one version of the prompts; with mix=true all together'
})
export type CastGroup = Static<typeof CastGroup>
