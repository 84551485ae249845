import { sql } from 'kysely'
import t from 'tap'
import { service, startTestApp } from '../helpers/app.ts'
import { onServer } from '../helpers/database.ts'

t.test('a massacre of all connections does not end the process, and the next request works', {
  skip: onServer ? false : 'embedded storage has no connections to lose'
}, async t => {
  const app = await startTestApp(t)
  const due = () => app.inject({ url: '/api/v1/internal/personas/due', headers: service })
  for (let round = 0; round < 5; round++) {
    await Promise.all([1, 2, 3, 4].map(due))
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()`.execute(app.database.db).catch(() => {})
    const statuses: number[] = []
    while (statuses.at(-1) !== 200) {
      statuses.push((await due()).statusCode)
      if (statuses.length > 20) break
    }
    t.equal(statuses.at(-1), 200, `after ${statuses.join(', ')}`)
    t.ok(statuses.every(status => status === 200 || status === 503), 'in between it says that the database is away')
  }
})
