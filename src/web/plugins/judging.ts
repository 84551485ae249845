import fp from 'fastify-plugin'
import { judgeReleases, type LookTaken } from '../../analysis/verdicts/judge-releases.ts'
import { keepDoing } from './background.ts'

/** A look falls due when a day (UTC) is over, so an hour late is early enough. */
const LOOK_EVERY_MS = 15 * 60_000
/** A process may start before its database server. */
const WAIT_FOR_DATABASE_MS = 5000

/** Looks at releases whose next look is due. Any process may; each look is written once. */
export default fp(async app => {
  const { database } = app
  keepDoing(app, {
    everyMs: LOOK_EVERY_MS,
    firstAfterMs: 0,
    failed: 'releases could not be judged; the next try is in 15 minutes',
    async round () {
      if (!database.isReady()) return WAIT_FOR_DATABASE_MS
      for (const look of await judgeReleases(database.db)) {
        app.log.info(fieldsOf(look), 'release judged')
      }
    }
  })
}, { name: 'judging', dependencies: ['database'] })

function fieldsOf ({ app, releases, day, verdicts }: LookTaken): object {
  const named = (word: string) =>
    verdicts.filter(({ verdict }) => verdict === word).map(({ module }) => module)
  return {
    app,
    releases,
    day,
    worse: named('worse'),
    better: named('better'),
    mixed: named('mixed')
  }
}
