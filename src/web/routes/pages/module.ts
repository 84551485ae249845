import { Type, type Static } from 'typebox'
import { actionPath, address, modulePath, personaPath, runPath } from '../../dashboard/address.ts'
import { plotModule } from '../../dashboard/module-plot.ts'
import {
  readLocales,
  readRatingDays,
  readReleases,
  readTools,
  readVersions,
  readVoices
} from '../../dashboard/module.ts'
import { blameWords } from '../../dashboard/run-words.ts'
import type { Queryable } from '../../../platform/db/database.ts'
import { readScope } from '../../../analysis/insights/filters.ts'
import { describeModules } from '../../../analysis/insights/modules.ts'
import { findProblems } from '../../../analysis/insights/problems.ts'
import { readAppChoice } from './app-choice.ts'
import { RANGES, readDays } from './days.ts'
import { pickRelease } from './release-picker.ts'
import { strandsOf } from './strands.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
export const ModuleQuery = Type.Object({
  days: text(4),
  model: text(200),
  promptVersion: text(200),
  appVersion: text(200),
  app: text(100),
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 }))
})
export type ModuleQuery = Static<typeof ModuleQuery>

const PROBLEMS = 10

/**
 * All that a module's page shows. Without a model and a prompt version in the address it is all
 * together, and says so.
 */
export async function describeModule (db: Queryable, module: string, query: ModuleQuery) {
  const { days, from, kept: daysKept } = await readDays(db, query.days)
  const { page = 1, model, promptVersion } = query
  // Where all are wanted, the form sends nothing but the name.
  const choice = await readAppChoice(db, query.app)
  const appVersion = query.appVersion || undefined
  const app = choice.app === undefined ? {} : { app: choice.app }
  const filter = { from, module, model, promptVersion, appVersion, ...app }
  const [path, kept] = [modulePath(module), {
    days: daysKept,
    model,
    promptVersion,
    appVersion,
    app: choice.kept
  }]
  const [numbers, apart, said] = await Promise.all([
    describeModules(db, { ...filter, mix: true }),
    describeModules(db, { from, module, appVersion, ...app }),
    readAll(db, module, filter, page)
  ])
  const facts = numbers.groups[0]?.modules[0]
  const { range, ratings, releases, versions, voices, ...shown } = said
  return {
    module,
    app: choice.app,
    facts,
    mixed: numbers.mixed,
    strands: strandsOf(apart.groups, { path, kept }),
    picker: pickRelease(versions, appVersion, { path, kept: { ...kept, appVersion: undefined } }),
    plot: plotModule({ range, ratings, trend: facts?.trend ?? [], releases }),
    releases,
    voices: voices.voices,
    ...shown,
    ranges: RANGES.map(count => ({
      name: `${count} days`,
      href: address(path, { ...kept, days: count }),
      isCurrent: count === days
    })),
    previous: page > 1 ? `${address(path, { ...kept, page: page - 1 })}#voices` : null,
    next: voices.hasMore ? `${address(path, { ...kept, page: page + 1 })}#voices` : null,
    links: {
      action: actionPath,
      persona: personaPath,
      run: runPath,
      modules: address('/modules', { app: choice.kept })
    },
    words: { blame: blameWords }
  }
}

type Filter = Parameters<typeof readScope>[1]

/** What personas said and met in this module. */
async function readAll (db: Queryable, module: string, filter: Filter, page: number) {
  const scope = await readScope(db, filter)
  const [ratings, releases, versions, voices, { problems, total }, tools] = await Promise.all([
    readRatingDays(db, scope),
    readReleases(db, scope),
    readVersions(db, scope),
    readVoices(db, scope, page),
    findProblems(db, { ...filter, limit: PROBLEMS }),
    readTools(db, scope, module)
  ])
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
    problems,
    problemsTotal: total,
    tools,
    locales
  }
}
