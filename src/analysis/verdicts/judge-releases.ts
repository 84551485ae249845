import type { Queryable } from '../../platform/db/database.ts'
import { bundlesOf, type Bundle } from './bundles.ts'
import { addLooks, latestLook, readLooks } from './looks-repository.ts'
import { METHOD } from './method.ts'
import { decidingLook, judgeRelease, movesLevel, type Verdict } from './release-verdict.ts'
import {
  dayOf,
  readAppsWithReleases,
  readCastRows,
  readReleasesSoFar,
  type StoredRelease
} from './visits-query.ts'

/** Looks at the releases of all apps that are due for a look. */

export interface LookTaken {
  app: string
  releases: string[]
  day: number
  /** By module, what is said now. */
  verdicts: { module: string, verdict: Verdict }[]
}

/** An older release gets no new days once a later one has come. */
const BUNDLES_IN_WORK = 2
/** More than the method looks back, for casts that do not run each day. */
const DAYS_BACK = 90

export async function judgeReleases (db: Queryable): Promise<LookTaken[]> {
  const taken: LookTaken[] = []
  for (const app of await readAppsWithReleases(db)) {
    const releases = await readReleasesSoFar(db, app)
    const bundles = bundlesOf(releases.map(toDay))
    for (const bundle of bundles.slice(-BUNDLES_IN_WORK)) {
      const changedBefore = await readChanges(
        db,
        app,
        bundles.filter(({ last }) => last < bundle.first)
      )
      taken.push(...await judgeBundle(db, { app, releases, bundle, changedBefore }))
    }
  }
  return taken
}

const toDay = ({ at, ...release }: StoredRelease) => ({ ...release, day: dayOf(at) })

/** By module, the latest of these releases that changed it. */
async function readChanges (
  db: Queryable,
  app: string,
  bundles: readonly Bundle[]
): Promise<Map<string, number>> {
  const changed = new Map<string, number>()
  for (const { names, last } of bundles) {
    const judged = await readLooks(db, { app, release: names.at(-1) ?? '' })
    for (const { module, looks } of judged?.modules ?? []) {
      const look = decidingLook(looks)
      if (look !== undefined && movesLevel(look.state)) changed.set(module, last)
    }
  }
  return changed
}

interface Work {
  app: string
  releases: StoredRelease[]
  bundle: Bundle
  changedBefore: ReadonlyMap<string, number>
}

async function judgeBundle (
  db: Queryable,
  { app, releases, bundle, changedBefore }: Work
): Promise<LookTaken[]> {
  const release = bundle.names.at(-1) ?? ''
  const since = releases[bundle.first]?.at
  const lastLook = METHOD.looks.at(-1) ?? 0
  if (since === undefined || await latestLook(db, { app, release }) >= lastLook) return []
  const rows = await readCastRows(db, { app, releases, fromDay: dayOf(since) - DAYS_BACK })
  const modules = judgeRelease(rows, bundle, changedBefore)
  const days = await addLooks(db, { app, releases: bundle.names }, modules)
  return days.map(day => ({
    app,
    releases: bundle.names,
    day,
    verdicts: modules.flatMap(({ module, looks }) => {
      const look = decidingLook(looks.filter(each => each.day <= day))
      return look === undefined ? [] : [{ module, verdict: look.state }]
    })
  }))
}
