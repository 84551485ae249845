import type { Kind, Severity } from './kinds.ts'

/** A finding in sentences, from templates. Pure. */

interface Subject {
  kind: Kind
  module: string
  tool: string | null
  template: string
}

export function titleOf ({ kind, module, tool, template }: Subject): string {
  const name = tool ?? module
  switch (kind) {
    case 'error':
      return `${name} fails: ${template}`
    case 'silent_fault':
      return `${name} says ok and does not keep the change: ${template}`
    case 'slow':
      return `${name} is slow`
    case 'contract':
      return `Personas call ${name} wrongly: ${template}`
    case 'walked_away':
      return `Personas leave over ${module}`
    case 'complaint':
      return `Personas rate ${module} low although ${name} answers`
    case 'verdict':
      return `${module}: ${lowerFirst(template)}`
    case 'incident':
      return `A result of ${name} tries to steer a persona: ${template}`
    case 'say_do_gap':
      return `Ratings and friction of ${module} contradict each other`
  }
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)

interface Group {
  name: string
  hit: number
  of: number
}

interface Told extends Subject {
  severity: Severity
  firstSeenAt: string
  firstRelease: string | null
  times: number
  runs: number
  personas: number
  visits: { hit: number, of: number }
  archetypes: readonly Group[]
  locales: readonly Group[]
}

/** What happens; since when and to whom; why it matters. */
export function sentencesOf (told: Told): string[] {
  if (told.kind === 'verdict') {
    return [
      `${titleOf(told)}.`,
      `Seen on ${told.firstSeenAt.slice(0, 10)}.`,
      'The release page says by how much, and how sure that is.'
    ]
  }
  const { times, runs, personas, firstSeenAt, firstRelease, severity, visits } = told
  const since = firstRelease === null ? '' : ` under release ${firstRelease}`
  const share = visits.of === 0 ? '' : ` (${percent(visits.hit / visits.of)} of the visits)`
  return [
    `It happened ${counted(times, 'time')} in ${counted(runs, 'run')}${share}.`,
    `First seen on ${firstSeenAt.slice(0, 10)}${since}, met by ${counted(personas, 'persona')}${
      mostly(told)
    }.`,
    CONSEQUENCE[severity]
  ]
}

const CONSEQUENCE: Record<Severity, string> = {
  walked_away: 'At worst a persona lost its patience over it and left the app.',
  gave_up: 'At worst a persona gave up what it wanted to do.',
  worked_around: 'At worst a persona had to try again or to work around it.',
  seen: 'Personas saw it and went on.'
}

/** The group that met it at least twice as often as the others did, by language first. */
function mostly ({ locales, archetypes }: Told): string {
  const inLocales = standsOut(locales)
  if (inLocales !== undefined) return `, most of them speak ${inLocales}`
  const inArchetypes = standsOut(archetypes)
  return inArchetypes === undefined ? '' : `, most of them are of the kind “${inArchetypes}”`
}

const MIN_GROUP = 3

function standsOut (groups: readonly Group[]): string | undefined {
  const total = groups.reduce((sum, { hit, of }) => ({ hit: sum.hit + hit, of: sum.of + of }), {
    hit: 0,
    of: 0
  })
  return groups.find(({ hit, of }) => {
    const others = total.of - of
    return hit >= MIN_GROUP && others > 0 && hit / of >= 2 * (total.hit - hit) / others
  })?.name
}

const counted = (n: number, one: string) => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`
const percent = (share: number) => `${Math.round(share * 100)} %`
