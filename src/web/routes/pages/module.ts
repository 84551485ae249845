import { Type, type Static } from 'typebox'
import { actionPath, address, modulePath, personaPath, runPath } from '../../dashboard/address.ts'
import { FIRST_APP } from '../../../personas/app-name.ts'
import { readWhatChanged } from '../../dashboard/changes.ts'
import { groupsOf, readWhom } from '../../dashboard/whom.ts'
import { plotModule } from '../../dashboard/module-plot.ts'
import {
  readLocales,
  readRatingDays,
  readReleases,
  readTools,
  readVersions,
  readSpeakers,
  readVoices
} from '../../dashboard/module.ts'
import { blameWords } from '../../dashboard/run-words.ts'
import type { Queryable } from '../../../platform/db/database.ts'
import { readScope } from '../../../analysis/insights/filters.ts'
import { describeModules } from '../../../analysis/insights/modules.ts'
import { findProblems } from '../../../analysis/insights/problems.ts'
import { readAppChoice } from './app-choice.ts'
import { hint } from './hints.ts'
import { pickRange, RangeFields, readRange } from './range.ts'
import { pickRelease } from './release-picker.ts'
import { strandsOf } from './strands.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
export const ModuleQuery = Type.Object({
  ...RangeFields,
  model: text(200),
  promptVersion: text(200),
  appVersion: text(200),
  app: text(100),
  rating: text(20),
  persona: text(100),
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 }))
})
export type ModuleQuery = Static<typeof ModuleQuery>

const PROBLEMS = 10
const DAY_MS = 24 * 60 * 60 * 1000
const RATINGS = [1, 2, 3, 4]
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * All that a module's page shows. Without a model and a prompt version in the address it is all
 * together, and says so.
 */
export async function describeModule (db: Queryable, module: string, query: ModuleQuery) {
  const { page = 1, model, promptVersion } = query
  // Where all are wanted, the form sends nothing but the name.
  const choice = await readAppChoice(db, query.app)
  const chosen = await readRange(db, query, choice.app ?? FIRST_APP)
  const { from, to } = chosen
  const appVersion = query.appVersion || undefined
  const atMost = RATINGS.find(rating => String(rating) === query.rating)
  const personaId = UUID.test(query.persona ?? '') ? query.persona : undefined
  const app = choice.app === undefined ? {} : { app: choice.app }
  const filter = { from, to, module, model, promptVersion, appVersion, ...app }
  const [path, kept] = [modulePath(module), {
    ...chosen.kept,
    model,
    promptVersion,
    appVersion,
    app: choice.kept
  }]
  const voiced = { ...kept, rating: atMost, persona: personaId }
  const [numbers, apart, said] = await Promise.all([
    describeModules(db, { ...filter, mix: true }),
    describeModules(db, { from, to, module, appVersion, ...app }),
    readAll(db, module, filter, { page, atMost, personaId })
  ])
  const facts = numbers.groups[0]?.modules[0]
  const { range, ratings, releases, versions, voices, speakers, ...shown } = said
  const hit = await readHit(db, {
    app: choice.app ?? FIRST_APP,
    kept: { app: choice.kept, ...chosen.kept },
    ...range,
    modules: facts === undefined ? [] : [facts]
  }, { module, releases })
  return {
    hit,
    voiceFilter: {
      path: `${path}#voices`,
      kept: Object.entries(kept).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)]]
      ),
      ratings: RATINGS.map(value => ({ value, isCurrent: value === atMost })),
      speakers: speakers.map(speaker => ({ ...speaker, isCurrent: speaker.id === personaId })),
      isOn: atMost !== undefined || personaId !== undefined,
      none: `${address(path, kept)}#voices`
    },
    module,
    app: choice.app,
    facts,
    mixed: numbers.mixed,
    strands: strandsOf(apart.groups, { path, kept }),
    picker: pickRelease(versions, appVersion, { path, kept: { ...kept, appVersion: undefined } }),
    plot: plotModule({
      range,
      ratings,
      trend: facts?.trend ?? [],
      releases,
      bands: hit.change?.bands ?? []
    }),
    releases,
    voices: voices.voices,
    ...shown,
    range: pickRange(chosen, { path, kept }),
    hints: [...choice.hints, ...chosen.hints, ...hintsOf(query, atMost, personaId)],
    previous: page > 1 ? `${address(path, { ...voiced, page: page - 1 })}#voices` : null,
    next: voices.hasMore ? `${address(path, { ...voiced, page: page + 1 })}#voices` : null,
    links: {
      action: actionPath,
      persona: personaPath,
      run: runPath,
      day: (day: string) => address('/runs', { app: choice.kept, module, from: day, to: day }),
      voicesOf: (id: string) => `${address(path, { ...kept, persona: id })}#voices`,
      modules: address('/modules', { app: choice.kept, ...chosen.kept })
    },
    words: { blame: blameWords }
  }
}

function hintsOf (
  { rating, persona }: ModuleQuery,
  atMost: number | undefined,
  personaId: string | undefined
): string[] {
  return [
    hint({ name: 'rating', given: rating, understood: atMost, wanted: RATINGS.join(', ') }),
    hint({
      name: 'persona',
      given: persona,
      understood: personaId,
      wanted: 'the id of a persona, as its address has it'
    })
  ].filter(each => each !== null)
}

type Question = Parameters<typeof readWhatChanged>[1]

/** The latest change of the module, and whom it or else the latest release hit. */
async function readHit (
  db: Queryable,
  question: Question,
  { module, releases }: { module: string, releases: { version: string, at: string }[] }
) {
  const { worse, mended, better } = await readWhatChanged(db, question)
  const change = [...worse, ...mended, ...better].find(each => each.module === module) ?? null
  const since = change?.since ?? releases.map(({ version, at }) => ({ names: version, at })).at(-1)
  if (since === undefined) return { change, since: null, personas: [], groups: [] }
  const { app, from, to } = question
  const wholeDays = (begin: string, end: string) =>
    Math.max(0, Math.round((Date.parse(end) - Date.parse(begin)) / DAY_MS))
  const personas = change?.personas ?? await readWhom(db, {
    app,
    module,
    at: since.at,
    daysBefore: wholeDays(from, since.at),
    daysAfter: wholeDays(since.at, to)
  })
  return { change, since, personas, groups: groupsOf(personas) }
}

type Filter = Parameters<typeof readScope>[1]

/** What personas said and met in this module. */
async function readAll (
  db: Queryable,
  module: string,
  filter: Filter,
  voiced: Parameters<typeof readVoices>[2]
) {
  const scope = await readScope(db, filter)
  const [ratings, releases, versions, voices, speakers, found, tools] = await Promise.all([
    readRatingDays(db, scope),
    readReleases(db, scope),
    readVersions(db, scope),
    readVoices(db, scope, voiced),
    readSpeakers(db, scope),
    findProblems(db, { ...filter, limit: PROBLEMS }),
    readTools(db, scope, module)
  ])
  const { problems, total } = found
  const runIds = problems.flatMap(problem =>
    [...problem.examples, ...problem.citations].map(({ runId }) => runId)
  )
  const locales = await readLocales(db, runIds)
  return {
    range: scope.range,
    ratings,
    releases,
    versions,
    voices,
    speakers,
    problems,
    problemsTotal: total,
    tools,
    locales
  }
}
