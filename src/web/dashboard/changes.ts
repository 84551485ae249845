import type { ModuleInsight } from '../../analysis/insights/schemas.ts'
import { describeRelease } from '../../analysis/verdicts/describe-release.ts'
import type { ReleaseVerdicts } from '../../analysis/verdicts/look-schemas.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { address, modulePath, releasePath } from './address.ts'
import { readReleaseLines } from './releases.ts'
import { plotDays, type PlotSource, type TimePlot } from './time-plot.ts'
import { tally, verdictWord } from './verdict-words.ts'
import { languageOf, readWhom, whomSentence, type PersonaChange } from './whom.ts'

/** What changed in an app: for each module the latest verdict that is a change. */

type ModuleVerdict = ReleaseVerdicts['modules'][number]

interface Change {
  module: string
  verdict: string
  word: { text: string, tone: string }
  /** `4.0 → 3.1`; null where ratings did not change. */
  step: string | null
  since: { names: string, href: string, at: string }
  whom: string | null
  /** Who rated it on both sides, over the days of the verdict. */
  personas: PersonaChange[]
  /** Parts of the cast, hit most first. */
  most: string | null
  sentence: string
  href: string
  plot: TimePlot | null
  bands: NonNullable<PlotSource['bands']>
  /** What earlier releases of the range did to the module, the newest first. */
  earlier: Pick<Change, 'word' | 'step' | 'since' | 'sentence'>[]
}

interface WhatChanged {
  worse: Change[]
  /** Better now, after a release of the range had made them worse. */
  mended: Change[]
  better: Change[]
  /** All other modules in a few words; empty: none. */
  rest: string
  /** The release that is live; null: none is. */
  live: { names: string, href: string } | null
}

interface Question {
  app: string
  /** What an address must say. */
  kept: Parameters<typeof address>[1]
  from: string
  to: string
  modules: readonly ModuleInsight[]
}

const MOST_RELEASES = 60
const CHANGES = new Set(['worse', 'better', 'mixed', 'everything_moved'])

export async function readWhatChanged (db: Queryable, question: Question): Promise<WhatChanged> {
  const releases = (await readReleaseLines(db, question.app, MOST_RELEASES))
    .filter(({ isLive }) => isLive)
  const [latest] = releases
  if (latest === undefined) return { worse: [], mended: [], better: [], rest: '', live: null }
  const judged = await judgeInTurn(db, question, releases)
  const changed = judged.flatMap(release =>
    release.modules.filter(({ verdict }) => CHANGES.has(verdict)).map(found => ({ release, found }))
  )
  const byModule = [...Map.groupBy(changed, ({ found }) => found.module).values()]
  const changes = await Promise.all(
    byModule.flatMap(([latest, ...earlier]) =>
      latest === undefined ? [] : [toChange(db, question, { latest, earlier, releases })]
    )
  )
  const known = new Set(changes.map(({ module }) => module))
  const names = judged[0]?.judgedWith ?? [latest.version]
  return {
    worse: changes.filter(({ verdict }) => verdict !== 'better'),
    mended: changes.filter(change => isMended(change)),
    better: changes.filter(change => change.verdict === 'better' && !isMended(change)),
    rest: restOf(judged[0], known),
    live: { names: names.join(' and '), href: releasePath(latest.version, question.app) }
  }
}

const isMended = ({ verdict, earlier }: Change) =>
  verdict === 'better' && earlier.some(({ word }) => word.text !== 'better')

type ReleaseLine = Awaited<ReturnType<typeof readReleaseLines>>[number]

/** What was said of the releases of the range, the newest first, those judged together once. */
async function judgeInTurn (
  db: Queryable,
  { app, from }: Question,
  releases: readonly ReleaseLine[]
): Promise<ReleaseVerdicts[]> {
  const all: ReleaseVerdicts[] = []
  const seen = new Set<string>()
  for (const [i, { version, at }] of releases.entries()) {
    // The live release is told of, however old it is.
    if (seen.has(version) || (i > 0 && at < from)) continue
    const said = await describeRelease(db, { app, version })
    for (const name of said.judgedWith) seen.add(name)
    all.push(said)
  }
  return all
}

function restOf (live: ReleaseVerdicts | undefined, changed: ReadonlySet<string>): string {
  if (live === undefined || live.modules.length === 0) {
    return 'Not judged yet: the first look comes after 2 whole days under it.'
  }
  const others = live.modules.filter(({ module }) => !changed.has(module))
  return others.length === 0 ? '' : `${tally(others.map(({ verdict }) => verdict))}.`
}

interface Found {
  release: ReleaseVerdicts
  found: ModuleVerdict
}

interface ModuleChanges {
  latest: Found
  earlier: Found[]
  releases: readonly ReleaseLine[]
}

const lookOf = ({ looks, seenOnDay }: ModuleVerdict) => looks.find(({ day }) => day === seenOnDay)

async function toChange (
  db: Queryable,
  question: Question,
  { latest, earlier, releases }: ModuleChanges
): Promise<Change> {
  const { app, kept } = question
  const { found } = latest
  const look = lookOf(found)
  const line = toLine(question, latest, releases)
  const whom = await readWhom(db, {
    app,
    module: found.module,
    at: line.since.at,
    daysBefore: look?.daysBefore ?? 0,
    daysAfter: look?.day ?? 0
  })
  const bands = bandsOf(question, line.since.at, look)
  return {
    ...line,
    bands,
    module: found.module,
    verdict: found.verdict,
    whom: whomSentence(whom),
    personas: whom,
    most: mostOf(look?.groups ?? [], found.verdict),
    href: address(modulePath(found.module), kept),
    plot: plotChange(question, { module: found.module, bands, releases }),
    earlier: earlier.map(each => toLine(question, each, releases))
  }
}

/** One line for what a release did to a module. */
function toLine (
  { app, to }: Question,
  { release: { judgedWith }, found }: Found,
  releases: readonly ReleaseLine[]
): Change['earlier'][number] {
  const rating = lookOf(found)?.rating ?? null
  return {
    word: verdictWord(found.verdict),
    step: rating === null || rating.state === 'none'
      ? null
      : `${rating.before.toFixed(1)} → ${rating.after.toFixed(1)}`,
    sentence: found.sentence,
    since: {
      names: judgedWith.join(' and '),
      href: releasePath(judgedWith.at(-1) ?? '', app),
      at: releases.find(({ version }) => version === judgedWith[0])?.at ?? to
    }
  }
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Before: as many days as the verdict looked at. */
function bandsOf (
  { from, to }: Question,
  at: string,
  look: ReturnType<typeof lookOf>
): Change['bands'] {
  const rating = look?.rating ?? null
  const begin = new Date(Date.parse(at) - (look?.daysBefore ?? 0) * DAY_MS).toISOString()
  return rating === null
    ? []
    : [
      { from: begin > from ? begin : from, to: at, value: rating.before, side: 'before' },
      { from: at, to, value: rating.after, side: 'after' }
    ]
}

type Groups = ModuleVerdict['looks'][number]['groups']
const SHOWN_GROUPS = 3

function mostOf (groups: Groups, verdict: string): string | null {
  const order = verdict === 'better' ? groups.toReversed() : groups
  if (order.length === 0) return null
  return order.slice(0, SHOWN_GROUPS).map(({ by, group, delta }) =>
    `${by === 'locale' ? `${languageOf(group)} speakers` : group} ${delta < 0 ? '−' : '+'}${
      Math.abs(delta).toFixed(1)
    }`
  ).join(', ')
}

interface PlotQuestion {
  module: string
  bands: Change['bands']
  releases: readonly ReleaseLine[]
}

const PLOT_HEIGHT = 160

/** Null where no day has a mean. */
function plotChange (
  { modules, from, to }: Question,
  { module, bands, releases }: PlotQuestion
): TimePlot | null {
  const trend = modules.find(each => each.module === module)?.trend ?? []
  const points = trend.flatMap(({ at, mean, n }) =>
    mean === null
      ? []
      : [{ day: at.slice(0, 10), value: mean, label: `${at.slice(0, 10)}: ${mean} (n ${n})` }]
  )
  if (points.length === 0) return null
  return plotDays({
    range: { from, to },
    height: PLOT_HEIGHT,
    low: 1,
    high: 5,
    rules: [1, 3, 5],
    points,
    releases: releases.map(({ version, at }) => ({ version, at })).reverse(),
    bands
  })
}
