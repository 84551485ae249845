import fp from 'fastify-plugin'
import { createLiveFeed, type LiveFeed } from '../dashboard/live-feed.ts'
import { readMarks } from '../dashboard/live-marks.ts'
import { messageOf } from '../../platform/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    live: LiveFeed
  }
}

/**
 * Twice this, and a moment to fetch what has changed: a page is never more than two seconds behind.
 */
const LOOK_EVERY_MS = 800

/** What changes in any process, for the pages of this one. */
export default fp(async app => {
  app.decorate(
    'live',
    createLiveFeed({
      look: () => readMarks(app.database.db),
      everyMs: LOOK_EVERY_MS,
      onError: error =>
        app.log.warn(
          { err: messageOf(error) },
          'live pages could not be brought up to date; trying again'
        )
    })
  )
}, { name: 'live', dependencies: ['database'] })
