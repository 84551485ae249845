import { FIRST_APP } from '../../../personas/app-name.ts'
import { releasePath } from '../../dashboard/address.ts'
import { readLiveRelease } from '../../dashboard/releases.ts'
import { tally, verdictWord } from '../../dashboard/verdict-words.ts'
import type { Queryable } from '../../../platform/db/database.ts'
import { describeRelease } from '../../../analysis/verdicts/describe-release.ts'

/** What the live release changed, for the overview. */
interface SinceRelease {
  /** The release, with those that are judged together with it. */
  names: string
  href: string
  changes: { text: string, tone: string, sentence: string }[]
  /** All other modules in a few words. */
  rest: string
}

const CHANGES = new Set(['worse', 'better', 'mixed', 'everything_moved'])

/** Null where no release is live. */
export async function readSinceRelease (
  db: Queryable,
  { app = FIRST_APP, kept }: { app?: string | undefined, kept?: string | undefined }
): Promise<SinceRelease | null> {
  const version = await readLiveRelease(db, app)
  if (version === null) return null
  const { modules, judgedWith } = await describeRelease(db, { app, version })
  const changes = modules.filter(({ verdict }) => CHANGES.has(verdict))
  const others = modules.filter(({ verdict }) => !CHANGES.has(verdict)).map(({ verdict }) =>
    verdict
  )
  return {
    names: judgedWith.join(' and '),
    href: releasePath(version, kept),
    changes: changes.map(({ verdict, sentence }) => ({ ...verdictWord(verdict), sentence })),
    rest: modules.length === 0
      ? 'Not judged yet: the first look comes after 2 whole days under it.'
      : others.length === 0
      ? ''
      : `${changes.length > 0 ? 'Otherwise: ' : ''}${tally(others)}.`
  }
}
