import { withStore } from './open-store.ts'

/**
 * `npm run db:migrate`: brings the schema up to date and ends. Every start does the same by itself.
 */
await withStore(async app => {
  console.log(
    `The schema is up to date (${
      app.database.backend === 'pglite'
        ? `embedded storage in ${app.config.DATA_DIR}`
        : 'Postgres server'
    }).`
  )
})
