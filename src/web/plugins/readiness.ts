import fp from 'fastify-plugin'
import { NotReadyError } from '../../platform/errors.ts'

/**
 * Routes that need the database answer 503 while it is waited for, instead of failing one by one.
 */
export default fp(async app => {
  app.addHook('onRequest', async () => {
    if (!app.database.isReady()) {
      throw new NotReadyError(
        'The database server does not answer yet; this process waits for it. GET /ready tells when it is there.'
      )
    }
  })
}, { name: 'readiness', dependencies: ['database'] })
