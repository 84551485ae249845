import { Type, type Static } from 'typebox'
import { address, modulePath, personaPath } from '../../dashboard/address.ts'
import { FIRST_APP } from '../../../personas/app-name.ts'
import { readReleaseLines } from '../../dashboard/releases.ts'
import { countMixed, readHeatMap, type HeatMeasure } from '../../dashboard/heat-map.ts'
import { readVersions } from '../../dashboard/module.ts'
import type { Queryable } from '../../../platform/db/database.ts'
import { readScope } from '../../../analysis/insights/filters.ts'
import { readAppChoice } from './app-choice.ts'
import { hint } from './hints.ts'
import { pickRange, RangeFields, readRange } from './range.ts'
import { pickRelease } from './release-picker.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
export const HeatQuery = Type.Object({
  ...RangeFields,
  show: text(100),
  appVersion: text(200),
  app: text(100),
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 }))
})
export type HeatQuery = Static<typeof HeatQuery>

const MEASURES: readonly HeatMeasure[] = ['rating', 'change', 'friction']
/** Releases that are planned come first and are not live. */
const LOOKED_AT = 20
/** What an earlier release changed is not counted; fewer days before say too little. */
const WEEK_MS = 7 * 24 * 60 * 60 * 1000

/** What each persona makes of each module. */
export async function describeHeatMap (db: Queryable, query: HeatQuery) {
  const { page = 1, show } = query
  const choice = await readAppChoice(db, query.app)
  const { app } = choice
  const appVersion = query.appVersion || undefined
  const chosen = await readRange(db, query, app ?? FIRST_APP)
  const { from, to } = chosen
  const known = MEASURES.find(measure => measure === show)
  const measure = known ?? 'rating'
  const releases = await readReleaseLines(db, app ?? FIRST_APP, LOOKED_AT)
  const live = releases.find(({ isLive }) => isLive)
  const at = live?.at ?? new Date().toISOString()
  const since = releases.find(each => Date.parse(at) - Date.parse(each.at) >= WEEK_MS)?.at ?? from
  const kept = {
    ...chosen.kept,
    show: measure === 'rating' ? undefined : measure,
    appVersion,
    app: choice.kept
  }
  const scope = await readScope(db, { from, to, appVersion, ...(app !== undefined && { app }) })
  const [heat, mixed, versions] = await Promise.all([
    readHeatMap(db, scope, { measure, at, since, page }),
    countMixed(db, scope, measure),
    readVersions(db, scope)
  ])
  return {
    ...heat,
    measure,
    apps: choice.tabsFor('/modules', { ...kept, appVersion: undefined }),
    mixed,
    picker: pickRelease(versions, appVersion, {
      path: '/modules',
      kept: { ...kept, appVersion: undefined }
    }),
    since: live?.version ?? null,
    measures: MEASURES.map(name => ({
      name: name === 'change' ? `change since ${live?.version ?? 'the live release'}` : name,
      href: address('/modules', { ...kept, show: name }),
      isCurrent: name === measure
    })),
    range: pickRange(chosen, { path: '/modules', kept }),
    hints: [...choice.hints, ...chosen.hints, ...hintOf(show, known)],
    previous: page > 1 ? address('/modules', { ...kept, page: page - 1 }) : null,
    next: heat.hasMore ? address('/modules', { ...kept, page: page + 1 }) : null,
    links: {
      module: (module: string) =>
        address(modulePath(module), { ...chosen.kept, appVersion, app: choice.kept }),
      cell: (module: string, persona: string) =>
        `${
          address(modulePath(module), { ...chosen.kept, appVersion, app: choice.kept, persona })
        }#voices`,
      persona: personaPath
    }
  }
}

function hintOf (given: string | undefined, understood: HeatMeasure | undefined): string[] {
  const wanted = MEASURES.join(', ')
  const said = hint({ name: 'show', given, understood, wanted, instead: 'ratings are shown' })
  return said === null ? [] : [said]
}
