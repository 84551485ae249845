import type { Queryable } from '../../platform/db/database.ts'
import type { ReleaseVerdicts } from './look-schemas.ts'
import { readLooks } from './looks-repository.ts'
import { METHOD } from './method.ts'
import { decidingLook } from './release-verdict.ts'
import { verdictSentence } from './sentence.ts'
import { worstFirst } from './worst-first.ts'

/** What is said of a release by now. */

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
    modules: worstFirst(modules, ({ verdict }) => verdict),
    nextLookOnDay: METHOD.looks.find(day => day > lastDay) ?? null
  }
}
