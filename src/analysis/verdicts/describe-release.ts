import type { Queryable } from '../../platform/db/database.ts'
import type { ReleaseVerdicts } from './look-schemas.ts'
import { readLooks } from './looks-repository.ts'
import { METHOD } from './method.ts'
import { decidingLook, type Verdict } from './release-verdict.ts'
import { verdictSentence } from './sentence.ts'

/** What is said of a release by now. */

const WORST_FIRST: readonly Verdict[] = [
  'worse',
  'mixed',
  'everything_moved',
  'better',
  'not_comparable',
  'too_little_data',
  'no_change_seen',
  'no_worse'
]

export async function describeRelease (
  db: Queryable,
  { app, version }: { app: string, version: string }
): Promise<ReleaseVerdicts> {
  const judged = await readLooks(db, { app, release: version })
  const releases = judged?.releases ?? [version]
  const modules = (judged?.modules ?? []).flatMap(found => {
    const look = decidingLook(found.looks)
    if (look === undefined) return []
    return [{
      ...found,
      verdict: look.state,
      seenOnDay: look.day,
      sentence: verdictSentence(found, releases)
    }]
  })
  const lastDay = Math.max(0, ...modules.flatMap(({ looks }) => looks.map(({ day }) => day)))
  return {
    app,
    release: version,
    judgedWith: releases,
    modules: modules.sort((a, b) =>
      WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict) ||
      (a.module < b.module ? -1 : 1)
    ),
    nextLookOnDay: METHOD.looks.find(day => day > lastDay) ?? null
  }
}
