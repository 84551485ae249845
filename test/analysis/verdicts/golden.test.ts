import { readFileSync } from 'node:fs'
import t from 'tap'
import { normalQuantile } from '../../../src/analysis/statistics/normal.ts'
import { tUpperQuantile, tUpperTail } from '../../../src/analysis/statistics/student-t.ts'
import {
  bothChannels,
  channelFinding,
  tooFew
} from '../../../src/analysis/verdicts/channel-finding.ts'
import { daysNeeded } from '../../../src/analysis/verdicts/days-needed.ts'
import { estimateChannel } from '../../../src/analysis/verdicts/estimate.ts'
import { alphaShares, chargeForLooks, nominalLevel } from '../../../src/analysis/verdicts/looks.ts'
import { CHANNELS, METHOD, type ChannelName } from '../../../src/analysis/verdicts/method.ts'
import { pairedDifference } from '../../../src/analysis/verdicts/paired-difference.ts'
import type { Visits } from '../../../src/analysis/verdicts/visits.ts'

/** The method against values that a second implementation computed, to 4 decimals. */

interface Case {
  name: string
  input: any
  output: any
}
const file = new URL('golden.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }

interface VerdictInput {
  D0: number
  k: number
  declared: string[]
  modules: Record<string, string[]>
  channel: ChannelName
}

function visitsOf (rows: string[], daysBefore: number): Visits {
  const days = rows[0]?.length ?? 0
  const values = Float64Array.from(rows.join(''), digit => digit === '.' ? NaN : Number(digit))
  return { values, personas: rows.length, days, daysBefore }
}

const CALM = { state: 'none', safe: true, enough: true } as const

function verdict ({ D0, k, declared, modules, channel: name }: VerdictInput): object {
  const channel = CHANNELS[name]
  const names = Object.keys(modules)
  const shares = alphaShares(names, declared)
  const differences = Object.values(modules).map(rows => pairedDifference(visitsOf(rows, D0), k))
  const entries = estimateChannel(differences, channel).map((e, i) => {
    const alpha = METHOD.alpha * (shares[i] ?? 0) * channel.share
    const found = channelFinding(e, channel, { alpha, daysBefore: D0, looks: 'planned' })
    return [names[i], {
      personas: e.personas,
      before: e.before,
      after: e.after,
      delta: e.delta,
      W: e.weight,
      s2: e.variance,
      ssDay: e.daySquares,
      dfDay: e.dayDf,
      sse: e.visitSquares,
      dfE: e.visitDf,
      personaVar: e.personaVariance,
      dayVar: e.dayVariance,
      se: e.standardError,
      df: e.df,
      t: e.t,
      p: e.p,
      pLimit: found?.pLimit,
      low: found?.low,
      high: found?.high,
      smallest: found?.smallest,
      pSafe: found?.pSafe,
      state: found?.state,
      verdictWithCalmFriction: bothChannels(found, CALM, tooFew(e))
    }]
  })
  return Object.fromEntries(entries)
}

type Compute = (input: any) => unknown
const COMPUTE: [RegExp, Compute][] = [
  [/^tUpper$/, ({ t, df }) => tUpperTail(t, df)],
  [/^tInvUpper$/, ({ p, df }) => tUpperQuantile(p, df)],
  [/^qnorm$/, ({ p }) => normalQuantile(p)],
  [/^nominal/, ({ alpha, infos }) => nominalLevel(alpha, infos)],
  [/^chargeOf/, ({ alpha, D0 }) => chargeForLooks(alpha, D0)],
  [/^sharesOf/, ({ modules, declared = [] }) => alphaShares(modules, declared)],
  [/^verdict: /, verdict],
  [/^together$/, ({ rating, friction, few }) => bothChannels(rating, friction, few)],
  [/^daysNeeded$/, input =>
    daysNeeded({
      visitsBefore: input.n0,
      visitsPerDay: input.rate,
      personaVariance: input.personaVar,
      dayVariance: input.dayVar,
      daysBefore: input.D0,
      alpha: input.alpha,
      df: input.df,
      wanted: input.wanted
    })]
]

/** 4 decimals, or 4 digits of what is small. */
function close (found: unknown, wanted: unknown): boolean {
  if (typeof wanted === 'number') {
    const tolerance = Math.abs(wanted) < 0.01 && wanted !== 0
      ? Math.max(1e-4 * Math.abs(wanted), 1e-12)
      : 1e-4
    return typeof found === 'number' && Math.abs(found - wanted) <= tolerance
  }
  if (wanted === null || typeof wanted !== 'object') return found === wanted
  return Object.entries(wanted).every(([key, value]) =>
    close((found as Record<string, unknown>)?.[key], value)
  )
}

t.test('the method gives the values of a second implementation', async t => {
  t.ok(cases.length >= 40, `${cases.length} cases`)
  for (const { name, input, output } of cases) {
    const compute = COMPUTE.find(([pattern]) => pattern.test(name))?.[1]
    const found = compute?.(input)
    t.ok(close(found, output), name, { input, found, wanted: output })
  }
})
